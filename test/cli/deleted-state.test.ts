import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { hasErrorCode } from '../../src/host/system-error.ts';
import { exitCodes } from '../../src/diagnostic/failure.ts';
import { withoutInterface } from '../daemon/interface.ts';
import { Place, startHeddle, type RunningHeddle } from '../support/ending.ts';
import { until } from '../support/until.ts';

async function ask(t: TestContext, ...args: readonly string[]): Promise<{ end: unknown; output: string }> {
  const ran = startHeddle(t, args);
  return { end: await ran.ended, output: ran.output() };
}

async function startDaemon(t: TestContext, place: Place): Promise<RunningHeddle> {
  place.peer(4);
  const daemon = startHeddle(t, place.up());
  await until('ready', () => /ready: subnet.* 1 peer in place/.test(daemon.output()), daemon.output);
  return daemon;
}

/** Deletes the state directory of a daemon that may write there at the same time. */
function deleteState({ state }: Place): void {
  for (let tries = 1; ; tries += 1) {
    try {
      rmSync(state, { recursive: true });
      return;
    } catch (error) {
      if (!hasErrorCode(error, 'ENOTEMPTY') || tries === 20) throw error;
    }
  }
}

describe('a state directory that is deleted while the daemon runs', { skip: withoutInterface }, () => {
  test('is made again, and holds what heddle down needs', async (t) => {
    const place = new Place(t);
    const daemon = await startDaemon(t, place);
    deleteState(place);
    await until('it to be made again', () => daemon.output().includes('made it again'), daemon.output);
    const { end, output } = await ask(t, 'status', '--state-dir', place.state);
    // This host may not forward packets, which makes a node degraded.
    assert.ok(end === 0 || end === exitCodes.degraded, output);
    for (const name of ['deployment.json', 'lease.json', 'heddle.pid', 'journal'])
      assert.ok(existsSync(join(place.state, name)), name);
    assert.match(readFileSync(join(place.state, 'journal'), 'utf8'), /"10\.50\.4\.0-24"/);

    // The next daemon, or heddle down, finds all of it.
    daemon.child.kill('SIGKILL');
    await daemon.ended;
    const down = await ask(t, 'down', '--state-dir', place.state);
    assert.deepEqual(down, {
      end: 0,
      output: 'Network down: 1 peer removed (from the journal of a dead daemon).\n',
    });
  });

  for (const command of ['status', 'down']) {
    test(`does not make ${command} say that nothing runs`, async (t) => {
      const place = new Place(t);
      const daemon = await startDaemon(t, place);
      // It cannot make the directory again now.
      daemon.child.kill('SIGSTOP');
      deleteState(place);
      const { end, output } = await ask(t, command, '--state-dir', place.state);
      assert.equal(end, exitCodes.unresponsive, output);
      assert.ok(output.startsWith(`heddle: process ${daemon.child.pid}, the heddle daemon with`), output);
      assert.match(output, /that directory was deleted, so it cannot be asked\n.*kill -TERM/);
      // Before its directory is removed, since it would make it again.
      daemon.child.kill('SIGKILL');
      await daemon.ended;
    });
  }

  test('does not keep SIGTERM from taking the network down', async (t) => {
    const place = new Place(t);
    const daemon = await startDaemon(t, place);
    deleteState(place);
    daemon.child.kill('SIGTERM');
    assert.equal(await daemon.ended, 0, daemon.output());
    assert.match(daemon.output(), /network taken down, 1 peer removed/);
  });

  test('is not made again where another daemon has its place by then', async (t) => {
    const place = new Place(t);
    const daemon = await startDaemon(t, place);
    daemon.child.kill('SIGSTOP');
    deleteState(place);
    const second = startHeddle(t, [...place.up(), '--subnet-file', join(place.directory, 'second.env')]);
    await until('ready', () => second.output().includes('ready: subnet'), second.output);
    daemon.child.kill('SIGCONT');
    await until('it to see that', () => daemon.output().includes('cannot be made again: '), daemon.output);
    assert.match(daemon.output(), /already in use by another heddle/);
    // Before its directories are removed, since it would make them again.
    daemon.child.kill('SIGKILL');
    await daemon.ended;
    second.child.kill('SIGTERM');
    assert.equal(await second.ended, 0, second.output());
  });
});
