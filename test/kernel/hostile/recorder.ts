import { chmodSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What hostile data asks for, and `loom`, which recipes call: whatever of it is run is a recorder. */
const programs = [
  ...['loom', 'touch', 'id', 'reboot', 'rm', 'sleep', 'sh', 'bash', 'env', 'nc', 'curl', 'wget', 'kill'],
  ...['halt', 'chmod', 'tee', 'awk', 'perl', 'python3', 'xargs', 'ln', 'mv', 'cp', 'dd'],
];

/**
 * Programs that stand first on PATH and note every argument vector that reaches them: the count, the name and the
 * arguments, each ended by NUL, in one write.
 */
export class Recorder {
  readonly path: string;
  /** Where hostile data tries to leave files. */
  readonly bait: string;
  readonly #record: string;

  constructor(root: string) {
    this.path = join(root, 'programs');
    this.bait = join(root, 'bait');
    this.#record = join(root, 'record');
    mkdirSync(this.path);
    mkdirSync(this.bait);
    writeFileSync(this.#record, '');
    const script = join(root, 'recorder');
    writeFileSync(script, `#!/bin/sh\nprintf '%s\\0' "$#" "\${0##*/}" "$@" >>'${this.#record}'\n`);
    chmodSync(script, 0o755);
    for (const program of programs) symlinkSync(script, join(this.path, program));
  }

  /** Every argument vector so far, the program's name first. */
  get vectors(): readonly (readonly string[])[] {
    const words = readFileSync(this.#record, 'latin1').split('\0').slice(0, -1);
    const vectors: string[][] = [];
    for (let at = 0; at < words.length;) {
      const length = Number(words[at]) + 1;
      vectors.push(words.slice(at + 1, at + 1 + length));
      at += 1 + length;
    }
    return vectors;
  }

  /** The files that somebody made where there should be none. */
  get caught(): readonly string[] {
    return readdirSync(this.bait);
  }
}
