import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { CommandRunner } from '../../../src/daemon/commands/command-runner.ts';
import { peerCommands } from '../../../src/daemon/commands/peer-commands.ts';
import type { Operation } from '../../../src/engine/operation.ts';
import { Bench } from '../bench.ts';
import { makeNumberedPeer, own } from '../network/network-bench.ts';

const { signal } = new AbortController();

const all = {
  SubnetAddCommand: 'echo "add $SUBNET"',
  SubnetRemoveCommand: 'echo "remove $SUBNET"',
  SubnetBatchCommand: 'cat',
  CheckCommand: 'true',
};

async function runnerOf(t: TestContext, backend: object): Promise<CommandRunner> {
  const bench = new Bench(t);
  bench.recipe({ Type: 'extension', Overhead: 50, ...backend });
  return bench.runner(await bench.prepare());
}

const operation = (kind: 'add' | 'remove', stdin = 'data-4\n'): Operation => ({
  kind,
  peer: { ...makeNumberedPeer(4), stdin },
  reason: 'new',
  mode: 'strict',
});

test('an add runs SubnetAddCommand, a remove SubnetRemoveCommand', async (t) => {
  const { run } = peerCommands(await runnerOf(t, all), own, 'on', () => undefined);
  for (const kind of ['add', 'remove'] as const) {
    const result = await run(operation(kind), signal);
    assert.ok(result.kind === 'ok');
    assert.equal(result.stdout, `${kind} 10.50.4.0/24\n`);
  }
});

test('a batch hands each operation over as a line', async (t) => {
  const { batch } = peerCommands(await runnerOf(t, all), own, 'on', () => undefined);
  assert.ok(batch);
  const result = await batch([operation('remove')], signal, () => true);
  assert.ok(result.kind === 'ok');
  assert.equal(result.stdout, 'remove\t10.50.4.0/24\t-\t172.30.0.4\t-\tdata-4\n');
});

test('the abilities of a recipe are those of its commands', async (t) => {
  const { abilities: full } = peerCommands(await runnerOf(t, all), own, 'on', () => undefined);
  assert.deepEqual([full.canRemove, full.repeatable], [true, true]);
  assert.equal(full.fitsBatch?.(operation('add')), true);
  assert.equal(full.fitsBatch(operation('add', 'one\ntwo\n')), false, 'no line holds two');

  const runner = await runnerOf(t, { SubnetAddCommand: all.SubnetAddCommand, Concurrency: 1 });
  const { abilities, batch } = peerCommands(runner, own, 'on', () => undefined);
  assert.deepEqual(abilities, { canRemove: false, repeatable: false, fitsBatch: undefined });
  assert.equal(batch, undefined);
});

test('a recipe that cannot remove is told what to add when an earlier add is in the way', async (t) => {
  const how = async (backend: object, changes: Partial<Operation>): Promise<string> => {
    const { run } = peerCommands(await runnerOf(t, backend), own, 'on', () => undefined);
    const result = await run({ ...operation('add'), ...changes }, signal);
    assert.ok(result.kind === 'trouble');
    return result.trouble.how;
  };
  const exists = { SubnetAddCommand: 'echo "RTNETLINK answers: File exists" >&2; exit 2' };
  const other = { SubnetAddCommand: 'echo "Cannot find device" >&2; exit 1' };
  const advice = /; the recipe does not have a SubnetRemoveCommand, .*: add that command to the recipe$/;
  assert.match(await how(exists, { reason: 'new' }), /^exited with status 2;/);
  assert.match(await how(exists, { reason: 'retry' }), advice);
  for (const reason of ['changed', 'drifted', 'restart'] as const)
    assert.match(await how(other, { reason }), advice, reason);
  assert.equal(await how(other, { reason: 'new' }), 'exited with status 1');
  const able = { ...exists, SubnetRemoveCommand: 'true' };
  assert.equal(await how(able, { reason: 'changed' }), 'exited with status 2');
});
