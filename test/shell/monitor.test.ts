import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { startMonitor } from '../../src/shell/monitor.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { until } from '../support/until.ts';
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
