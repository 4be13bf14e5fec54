import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import type { TestContext } from 'node:test';

interface ModuleProcess {
  readonly process: ChildProcess;
  /** The next line it prints; undefined once it has ended. */
  readLine(): Promise<string | undefined>;
  kill(): Promise<void>;
}

/**
 * Starts a process that runs a statement on a module of src/ (as `m`), perhaps with a limit of open files. It is killed when the test ends.
 */
export function startModule(
  t: TestContext,
  module: string,
  statement: string,
  { openFiles }: { readonly openFiles?: number } = {},
): ModuleProcess {
  const url = pathToFileURL(resolve(import.meta.dirname, '../../src', module)).href;
  const program = `const m = await import(${JSON.stringify(url)}); ${statement}`;
  const node = [process.execPath, '--import', 'tsx', '--input-type=module', '-e', program];
  const limit = openFiles === undefined ? '' : `ulimit -n ${openFiles}; `;
  const process_ = spawn('sh', ['-c', `${limit}exec "$@"`, 'sh', ...node], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(process_, 'exit');
  const lines = createInterface({ input: process_.stdout })[Symbol.asyncIterator]();
  const kill = async () => {
    process_.kill('SIGKILL');
    await exited;
  };
  t.after(kill);
  return {
    process: process_,
    readLine: async () => {
      const next = await lines.next();
      return next.done === true ? undefined : next.value;
    },
    kill,
  };
}
