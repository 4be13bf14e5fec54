import { dirname } from 'node:path';
import type { Script } from 'node:vm';
import type { programs } from './programs.ts';

/** The name of the code for a start without a subcommand. The build creates it. */
export const commonPurpose = 'main';

/** How long after its start a program that runs on has loaded all that a start needs, in milliseconds. */
const startedMs = 1000;

/** The exports of a bundle. */
export interface BundleExports {
  readonly programs?: typeof programs;
}

/** A script that evaluates to the function that Node wraps a CommonJS module in. */
type Bundle = (
  exports: object,
  require: (id: string) => unknown,
  module: { exports: BundleExports },
  file: string,
  directory: string,
) => void;

/** Evaluates a bundle as Node does a CommonJS module, with a `require` of one's own. `file` is its `__filename`. */
export function runBundle(script: Script, file: string, require: (id: string) => unknown): BundleExports {
  const module: { exports: BundleExports } = { exports: {} };
  const run = script.runInThisContext() as Bundle;
  run(module.exports, require, module, file, dirname(file));
  return module.exports;
}

/**
 * The compiled code holds the functions that ran, so each subcommand has its own. A program that runs on has another one than the same
 * subcommand with `--help`, which runs few functions.
 */
export function purposeOf(program: string): string {
  const command = process.argv[2] ?? '';
  if (program !== 'main') return program.replaceAll('/', '-');
  return /^[a-z][a-z-]{0,19}$/.test(command) ? command : commonPurpose;
}

/** Calls back once the functions of a start have run. A program that fails before then may have run few of them. */
export function whenStarted(callback: (how: 'running' | 'ended') => void): void {
  let isDone = false;
  const once = (how: 'running' | 'ended'): void => {
    if (!isDone) callback(how);
    isDone = true;
  };
  setTimeout(once, startedMs, 'running').unref();
  process.on('exit', (status) => {
    if (status === 0) once('ended');
  });
}
