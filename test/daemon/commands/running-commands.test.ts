import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { commandLedger, endOrphans } from '../../../src/daemon/commands/running-commands.ts';
import type { HeddleEvent } from '../../../src/event/event.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

/** A command that runs in a process group of its own, until it is ended. */
async function start(t: TestContext): Promise<{ pid: number; gone: Promise<unknown> }> {
  const child = spawn('/bin/sh', ['-c', 'echo begun; exec sleep 300'], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const gone = once(child, 'exit');
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return { pid: child.pid ?? 0, gone };
}

test('the commands that a dead daemon left running are ended, and their number is told', async (t) => {
  const directory = temporaryDirectory(t);
  const ledger = commandLedger(directory);
  const [first, second] = [await start(t), await start(t)];
  ledger.note(first.pid, 'command');
  ledger.note(second.pid, 'command');
  const events: HeddleEvent[] = [];
  await endOrphans(directory, (event) => events.push(event));
  await Promise.all([first.gone, second.gone]);
  assert.deepEqual(events, [{ event: 'orphans-ended', count: 2 }]);

  events.length = 0;
  await endOrphans(directory, (event) => events.push(event));
  assert.deepEqual(events, [], 'without orphans, no event');
});

test('a command that has ended is not noted any more, and what it left runs on', async (t) => {
  const directory = temporaryDirectory(t);
  const { pid } = await start(t);
  const strikeOut = commandLedger(directory).note(pid, 'command');
  strikeOut();
  const events: HeddleEvent[] = [];
  await endOrphans(directory, (event) => events.push(event));
  assert.ok(process.kill(pid, 0));
  assert.deepEqual(events, []);
});

test('a state directory in which no command was noted stays as it is', async (t) => {
  const directory = temporaryDirectory(t);
  await endOrphans(directory, () => assert.fail('nothing is told'));
  assert.equal(existsSync(join(directory, '.commands')), false);
});
