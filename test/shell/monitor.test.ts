import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { startMonitor } from '../../src/shell/monitor.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { until } from '../support/until.ts';
import { startModule } from '../host/child-module.ts';
import { jobOf } from './command.ts';

for (const [what, text] of [
  ['lines', 'echo $$ >pid; exec yes'],
  ['one line', 'echo $$ >pid; exec tr "\\0" x </dev/zero'],
  ['errors', 'echo $$ >pid; exec yes >&2'],
]) {
  test(`a monitor that prints ${what} without end has to wait`, async (t) => {
    const cwd = temporaryDirectory(t);
    const monitor = startMonitor(jobOf(text ?? '', { cwd }), {
      onLines: () => undefined,
      onEnd: (how) => assert.fail(how),
    });
    try {
      const pid = await until('the monitor to run', () => {
        try {
          // The file is there before its line is.
          return Number(readFileSync(`${cwd}/pid`, 'utf8')) || undefined;
        } catch {
          return undefined;
        }
      });
      const written = (): number =>
        Number(/wchar: (\d+)/.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1] ?? NaN);
      await until('a megabyte to be printed', () => written() > 1 << 20);
      // Without a limit this is enough for hundreds of megabytes; a slow machine can only print less.
      await setTimeout(500);
      assert.ok(written() < 32 << 20, `${written()} bytes`);
    } finally {
      await monitor.stop();
    }
  });
}

/** How a monitor ends that a process of its own starts after `before`, a statement. */
async function endOfMonitor(t: TestContext, before: string, job = '{}'): Promise<string | undefined> {
  const child = startModule(
    t,
    'shell/monitor.ts',
    `const fs = await import('node:fs'); const taken = [];
    ${before}
    const free = () => taken.forEach((file) => fs.closeSync(file));
    const base = { script: { text: 'exec sleep 60', stopOnError: false }, environment: { PATH: process.env.PATH }, cwd: '/' };
    const listeners = { onLines() {}, onEnd: (how) => { free(); console.log(how); } };
    const monitor = m.startMonitor({ ...base, ...${job} }, listeners);
    await monitor.stop().catch(console.log);
    m.startMonitor({ ...base, ...${job} }, listeners);`,
    { openFiles: 90 },
  );
  return child.readLine();
}

for (const [why, before, job, how] of [
  [
    'no descriptor is free',
    `try { for (;;) taken.push(fs.openSync('/dev/null')); } catch {}`,
    '{}',
    /^could not be started: the limit of \d+ open files is reached/,
  ],
  [
    'its environment is too long',
    '',
    `{ environment: { LONG: 'x'.repeat(200_000) } }`,
    /^could not be started: .* is longer than 128 KiB$/,
  ],
  [
    'its directory is gone',
    '',
    `{ cwd: '/nonexistent' }`,
    /^could not be started: its working directory \/nonexistent does not exist$/,
  ],
] as const) {
  test(`a monitor has ended, and can be stopped, if ${why}`, async (t) => {
    assert.match((await endOfMonitor(t, before, job)) ?? '', how);
  });
}
