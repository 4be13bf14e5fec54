import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A folder of programs for PATH. Each notes the words that it is called with, and then runs the program that it has its name
 * from: so a test sees every argument vector of a recipe's tools.
 */
export class NotedPrograms {
  readonly folder: string;
  readonly #notes: string;

  /** `programs` are paths. */
  constructor(directory: string, programs: readonly string[]) {
    this.folder = join(directory, 'bin');
    this.#notes = join(directory, 'called');
    mkdirSync(this.folder, { mode: 0o755 });
    for (const program of programs) {
      const file = join(this.folder, program.slice(program.lastIndexOf('/') + 1));
      const lines = ['#!/bin/sh', `printf '%s\\n' "$0 $*" >>${this.#notes}`, `exec ${program} "$@"`, ''];
      writeFileSync(file, lines.join('\n'));
      chmodSync(file, 0o755);
    }
  }

  /** Every call so far, as one text. */
  get calls(): string {
    return existsSync(this.#notes) ? readFileSync(this.#notes, 'utf8') : '';
  }
}
