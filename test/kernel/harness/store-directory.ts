import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Json } from '../../../src/lease/lease.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

/** A files store in a temporary directory, and recipes beside it. Hosts see it where the test does. */
export class StoreDirectory {
  readonly root: string;
  readonly path: string;
  readonly #subnets: string;

  constructor(t: Pick<TestContext, 'after'>) {
    this.root = temporaryDirectory(t);
    this.path = join(this.root, 'store');
    this.#subnets = join(this.path, 'subnets');
    mkdirSync(this.#subnets, { recursive: true, mode: 0o700 });
  }

  /** Writes a recipe file, and returns its path. */
  recipe(name: string, document: object | string): string {
    const path = join(this.root, `${name}.json`);
    writeFileSync(path, typeof document === 'string' ? document : JSON.stringify(document, undefined, 2));
    return path;
  }

  /** Writes the network configuration, as `heddle network set` does. */
  putConfiguration(document: object): void {
    writeFileSync(join(this.path, 'config'), JSON.stringify(document));
  }

  /** Puts a lease there as another node does: whole, at once. Without an expiry it is a reservation. */
  put(subnet: string, publicIp: string, more: Readonly<Record<string, Json>> = {}): void {
    const value = { PublicIP: publicIp, PublicIPv6: null, BackendType: 'extension', ...more };
    this.putText(subnet, JSON.stringify(value));
  }

  putText(subnet: string, text: string): void {
    const draft = join(this.root, 'draft');
    writeFileSync(draft, text);
    renameSync(draft, this.#fileOf(subnet));
  }

  remove(subnet: string): void {
    rmSync(this.#fileOf(subnet), { force: true });
  }

  /** The subnets that stand leased, in order. */
  subnets(): string[] {
    return readdirSync(this.#subnets)
      .map((key) => key.replace(/-(?=\d+$)/, '/'))
      .sort();
  }

  /** A lease's fields. */
  read(subnet: string): Readonly<Record<string, Json>> {
    return JSON.parse(readFileSync(this.#fileOf(subnet), 'utf8')) as Record<string, Json>;
  }

  /** Every file of the store with its text; what writers use among themselves is left out. */
  content(): Readonly<Record<string, string>> {
    const files = readdirSync(this.path, { recursive: true, withFileTypes: true });
    const kept = files.filter((file) => file.isFile() && !file.name.startsWith('.'));
    return Object.fromEntries(
      kept.map(({ parentPath, name }) => [name, readFileSync(join(parentPath, name), 'utf8')]),
    );
  }

  #fileOf(subnet: string): string {
    return join(this.#subnets, subnet.replaceAll('/', '-'));
  }
}
