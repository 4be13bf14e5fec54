import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeJson } from '../../../src/lease/wire.ts';
import type { Json } from '../../../src/lease/lease.ts';
import { decodeLeaseFile, encodeLeaseFile } from '../../../src/store/files/lease-file.ts';
import { newMark, fileRevision } from '../../../src/store/files/revision.ts';

/** What a lease's file says. */
export interface LeaseText {
  /** `10.50.7.0-24` */
  readonly key: string;
  readonly publicIp: string;
  readonly backendType: string;
  readonly backendData: Json | undefined;
}

const ttlMs = 86_400_000;

/** The leases of a lab, changed behind its daemons' backs as an operator or another node would: file by file. */
export class LeaseFiles {
  readonly #subnets: string;
  readonly #draft: string;

  constructor(storeDirectory: string) {
    this.#subnets = join(storeDirectory, 'subnets');
    this.#draft = join(storeDirectory, '.fault-draft');
    mkdirSync(this.#subnets, { recursive: true });
  }

  list(): LeaseText[] {
    return readdirSync(this.#subnets).map((key) => this.read(key));
  }

  read(key: string): LeaseText {
    const content = decodeLeaseFile(key, readFileSync(join(this.#subnets, key), 'utf8'), fileRevision);
    if (content.kind === 'fault') throw new Error(`${key} ${content.reason}`);
    const fields = JSON.parse(content.record.value) as {
      readonly PublicIP: string;
      readonly BackendType: string;
      readonly BackendData?: Json;
    };
    return {
      key,
      publicIp: fields.PublicIP,
      backendType: fields.BackendType,
      backendData: fields.BackendData,
    };
  }

  /** The lease of the node with this address. */
  of(publicIp: string): LeaseText {
    const found = this.list().find((lease) => lease.publicIp === publicIp);
    if (found === undefined) throw new Error(`no lease is ${publicIp}'s`);
    return found;
  }

  has(key: string): boolean {
    return readdirSync(this.#subnets).includes(key);
  }

  put({ key, publicIp, backendType, backendData }: LeaseText): void {
    const value = encodeJson({
      PublicIP: publicIp,
      PublicIPv6: null,
      BackendType: backendType,
      ...(backendData !== undefined && { BackendData: backendData }),
    });
    writeFileSync(this.#draft, encodeLeaseFile(value, Date.now() + ttlMs, newMark()) ?? '');
    renameSync(this.#draft, join(this.#subnets, key));
  }

  delete(key: string): void {
    rmSync(join(this.#subnets, key));
  }
}

/** `10.50.7.0-24` → `10.50.7.0/24` */
export function subnetOfKey(key: string): string {
  return key.replace('-', '/');
}
