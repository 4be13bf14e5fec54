import { cpSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** heddle as it is installed on a machine, apart from this checkout: it can be replaced while daemons run. */
export class Installation {
  readonly directory: string;
  readonly program: string;

  constructor(t: TestContext) {
    this.directory = temporaryDirectory(t);
    for (const part of ['bin', 'recipes', 'package.json']) this.#copy(part);
    symlinkSync(join(root, 'node_modules'), join(this.directory, 'node_modules'));
    this.program = join(this.directory, 'bin/heddle.js');
    this.install('0.0.1');
  }

  /** Puts another version in the place of the one that is there, as a package manager does. */
  install(version: string): void {
    rmSync(join(this.directory, 'dist'), { recursive: true, force: true });
    this.#copy('dist');
    const manifest = join(this.directory, 'package.json');
    const fields = JSON.parse(readFileSync(manifest, 'utf8')) as object;
    writeFileSync(manifest, JSON.stringify({ ...fields, version }));
  }

  #copy(part: string): void {
    cpSync(join(root, part), join(this.directory, part), { recursive: true });
  }
}
