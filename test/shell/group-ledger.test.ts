import assert from 'node:assert/strict';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { createGroupLedger, endNotedGroups } from '../../src/shell/group-ledger.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { until } from '../support/until.ts';

function ledgerDirectory(t: TestContext): string {
  return join(temporaryDirectory(t), 'groups');
}

/** A command in a process group of its own, whose script has said that it began. */
async function start(
  t: TestContext,
  script: string,
): Promise<{ child: ChildProcess; pid: number; gone: Promise<unknown> }> {
  const child = spawn('/bin/sh', ['-c', script], { detached: true, stdio: ['pipe', 'pipe', 'ignore'] });
  const { pid = 0 } = child;
  const gone = once(child, 'exit');
  t.after(() => {
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // It has ended.
    }
  });
  await once(child.stdout, 'data');
  return { child, pid, gone };
}

test('a group that was noted and runs is ended with all its processes, and the note goes', async (t) => {
  const directory = ledgerDirectory(t);
  const { pid, gone } = await start(t, 'sleep 86395 & echo begun; wait');
  createGroupLedger(directory).note(pid, 'command');
  assert.equal((await stat(directory)).mode & 0o777, 0o700);
  assert.equal(await endNotedGroups(directory, 2000), 1);
  await gone;
  assert.equal(await isSleeping(pid, 86395), false);
  assert.deepEqual(await readdir(directory), []);
});

test('a group that was struck out lives on', async (t) => {
  const directory = ledgerDirectory(t);
  const { pid } = await start(t, 'echo begun; exec sleep 86394');
  createGroupLedger(directory).note(pid, 'command')();
  assert.equal(await endNotedGroups(directory, 2000), 0);
  assert.ok(process.kill(pid, 0));
});

test('a FIFO in the place of a note is not waited for, and goes', async (t) => {
  const directory = ledgerDirectory(t);
  const { pid } = await start(t, 'echo begun; exec sleep 86390');
  await mkdir(directory);
  execFileSync('mkfifo', [join(directory, String(pid))]);
  createGroupLedger(directory).note(pid, 'command');
  assert.equal(await endNotedGroups(directory, 2000), 0);
  assert.ok(process.kill(pid, 0));
  assert.deepEqual(await readdir(directory), []);
});

test('another process that has the id by now lives on', async (t) => {
  const directory = ledgerDirectory(t);
  const { pid } = await start(t, 'echo begun; exec sleep 86393');
  createGroupLedger(directory).note(pid, 'command');
  await writeFile(join(directory, String(pid)), 'command 1 00000000-0000-0000-0000-000000000000\n');
  assert.equal(await endNotedGroups(directory, 2000), 0);
  assert.ok(process.kill(pid, 0));
});

test('processes that an earlier command left in the group of a worker live on, and its present command does not', async (t) => {
  const directory = ledgerDirectory(t);
  const script = `
    (sleep 86392 >/dev/null & echo $!)
    read -r go
    (sleep 86391)
    echo never`;
  const child = spawn('/bin/sh', ['-c', script], { detached: true, stdio: ['pipe', 'pipe', 'ignore'] });
  const { pid = 0 } = child;
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  const left = Number(said.toString());
  t.after(() => process.kill(left, 'SIGKILL'));
  const gone = once(child, 'exit');
  child.stdin.end('go\n');
  await untilSleeps(pid, 86391);
  createGroupLedger(directory).note(pid, 'worker');
  assert.equal(await endNotedGroups(directory, 2000), 1);
  await gone;
  assert.ok(process.kill(left, 0));
});

test('a worker that waits for a command is ended and is not counted as one, and what earlier commands left lives on', async (t) => {
  const directory = ledgerDirectory(t);
  const { pid, gone } = await start(t, '(sleep 86389 >/dev/null & echo begun); read -r next');
  await untilSleeps(pid, 86389);
  createGroupLedger(directory).note(pid, 'worker');
  assert.equal(await endNotedGroups(directory, 2000), 0);
  await gone;
  assert.ok(await isSleeping(pid, 86389));
  assert.deepEqual(await readdir(directory), []);
});

test('without a note, nothing is ended', async (t) => {
  assert.equal(await endNotedGroups(ledgerDirectory(t), 2000), 0);
});

/** Whether a group has a living process that sleeps for so long. */
async function isSleeping(group: number, seconds: number): Promise<boolean> {
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const line = await readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => '');
    const status = await readFile(`/proc/${entry}/stat`, 'utf8').catch(() => '');
    const [, , member] = status.slice(status.lastIndexOf(')') + 2).split(' ');
    if (line === `sleep\0${seconds}\0` && member === String(group)) return true;
  }
  return false;
}

async function untilSleeps(group: number, seconds: number): Promise<void> {
  await until(`group ${group} to sleep ${seconds} seconds`, () => isSleeping(group, seconds));
}
