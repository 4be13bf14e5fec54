import { readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Script } from 'node:vm';
import { codeCacheFile, readCodeCache, writeCodeCache } from './host/files/code-cache.ts';
import type { programs } from './programs.ts';

/*
 * What every file in dist/ that is started as a program does: it runs the bundle, from compiled code where there is some.
 * Node's own cache of compiled modules would do for Node 22 and newer; Node 20 has none.
 */

/** The bundle's file name, put in by scripts/build.js. It has a hash of the bundle in it. */
declare const bundleName: string;

/** The name of the code for a start without a subcommand. The build creates it. */
const commonPurpose = 'main';

/** How long after its start a program that runs on has loaded all that a start needs, in milliseconds. */
const startedMs = 1000;

/** A script that evaluates to the function that Node wraps a CommonJS module in. */
type Bundle = (
  exports: object,
  require: NodeJS.Require,
  module: { exports: { programs?: typeof programs } },
  file: string,
  directory: string,
) => void;

/** Runs one of heddle's programs. */
export function start(program: keyof typeof programs): void {
  // Without a listener Node opens its debugger on a port of loopback, and every local user could run code in this process.
  process.on('SIGUSR1', () => undefined);
  const file = join(import.meta.dirname, bundleName);
  const stats = statSync(file);
  const purpose = purposeOf(program);
  const files = { running: codeCacheFile(file, `${purpose}-running`), ended: codeCacheFile(file, purpose) };
  const running = readCodeCache(files.running, stats);
  const own = running ?? readCodeCache(files.ended, stats);
  // Where a subcommand cannot keep its own, any other tells V8 at least where each function begins and ends.
  const cachedData = own ?? readCodeCache(codeCacheFile(file, commonPurpose), stats);
  const script = new Script(readFileSync(file, 'latin1'), {
    filename: file,
    ...(cachedData !== undefined && { cachedData }),
  });
  const isRefused = script.cachedDataRejected === true;
  // Not the code itself: a daemon would keep it in memory.
  const has = { running: running !== undefined, ended: own !== undefined };
  if (!has.running || isRefused) {
    whenStarted((how) => {
      // Code that V8 refuses is replaced by that of any run.
      const kind = has.running ? 'running' : how;
      if (!has[kind] || isRefused) writeCodeCache(files[kind], stats, script.createCachedData());
    });
  }
  const module: { exports: { programs?: typeof programs } } = { exports: {} };
  const run = script.runInThisContext() as Bundle;
  run(module.exports, require, module, file, dirname(file));
  void module.exports.programs?.[program]();
}

/**
 * The compiled code holds the functions that ran, so each subcommand has its own. A program that runs on has another one than the same
 * subcommand with `--help`, which runs few functions.
 */
function purposeOf(program: keyof typeof programs): string {
  const command = process.argv[2] ?? '';
  if (program !== 'main') return program.replaceAll('/', '-');
  return /^[a-z][a-z-]{0,19}$/.test(command) ? command : commonPurpose;
}

/** Calls back once the functions of a start have run. A program that fails before then may have run few of them. */
function whenStarted(callback: (how: 'running' | 'ended') => void): void {
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
