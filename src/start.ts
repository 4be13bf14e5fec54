import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Script } from 'node:vm';
import { codeCacheFile, readCodeCache, writeCodeCache } from './host/files/code-cache.ts';
import type { programs } from './programs.ts';
import { commonPurpose, purposeOf, runBundle, whenStarted } from './run-bundle.ts';

/*
 * What every file in dist/ that is started as a program does: it runs the bundle, from compiled code where there is some.
 * Node's own cache of compiled modules would do for Node 22 and newer; Node 20 has none.
 */

/** The bundle's file name, put in by scripts/build.js. It has a hash of the bundle in it. */
declare const bundleName: string;

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
  const { programs: all } = runBundle(script, file, require);
  void all?.[program]();
}
