import assert from 'node:assert/strict';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { CommandRunner } from '../../../src/daemon/commands/command-runner.ts';
import { peerCommands } from '../../../src/daemon/commands/peer-commands.ts';
import type { Operation } from '../../../src/engine/operation.ts';
import type { Shell } from '../../../src/shell/shell.ts';
import { importMutant } from '../../support/source-mutant.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
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

test('with Concurrency 1 nothing is compiled, and without that rule it is', async (t) => {
  const oneByOne = { SubnetAddCommand: ['ip route replace "$SUBNET" via "$PUBLIC_IP"'], Concurrency: 1 };
  const isCompiled = async (make: typeof peerCommands, backend: object): Promise<boolean> => {
    const { abilities } = make(await runnerOf(t, backend), own, 'on', () => undefined);
    return abilities.fitsBatch?.(operation('add')) === true;
  };
  assert.equal(await isCompiled(peerCommands, oneByOne), false);
  assert.equal(await isCompiled(peerCommands, { ...oneByOne, Concurrency: 2 }), true);
  const mutant = {
    file: 'src/daemon/commands/peer-commands.ts',
    from: "if (compile !== 'on' || !commands.mayOverlap)",
    to: "if (compile !== 'on')",
  };
  const entry = "export { peerCommands } from './src/daemon/commands/peer-commands.ts';";
  const broken = await importMutant(mutant, entry, join(temporaryDirectory(t), 'mutant.mjs'));
  const { peerCommands: withoutRule } = broken as { readonly peerCommands: typeof peerCommands };
  assert.equal(await isCompiled(withoutRule, oneByOne), true);
});

/** A shell that notes the texts of its jobs. */
function notingShell(bench: Bench): { readonly shell: Shell; readonly texts: string[] } {
  const shell = bench.shell();
  const texts: string[] = [];
  return {
    texts,
    shell: {
      run: (job, ...rest) => {
        texts.push(job.script.text);
        return shell.run(job, ...rest);
      },
      close: () => shell.close(),
    },
  };
}

async function directly(t: TestContext, backend: object) {
  const bench = new Bench(t);
  bench.recipe({ Type: 'extension', Overhead: 50, ...backend });
  const { shell, texts } = notingShell(bench);
  const commands = peerCommands(
    bench.runner(await bench.prepare(), bench.options(), shell),
    own,
    'on',
    () => undefined,
  );
  return {
    bench,
    texts,
    run: (changes: Partial<Operation> = {}) => commands.run({ ...operation('add'), ...changes }, signal),
  };
}

test('a peer that waits alone runs without a shell, one program after the other', async (t) => {
  const { bench, run, texts } = await directly(t, {
    SubnetAddCommand: ['name=dir-$SUBNET_IP', 'mkdir "$name" </dev/null && mkdir "$name/inner" || true'],
  });
  const result = await run();
  assert.equal(result.kind, 'ok');
  assert.deepEqual(readdirSync(join(bench.stateDirectory, 'dir-10.50.4.0')), ['inner']);
  const calls = texts.filter((text) => text.includes('mkdir'));
  assert.deepEqual(calls, ["exec 'mkdir' 'dir-10.50.4.0' </dev/null", "exec 'mkdir' 'dir-10.50.4.0/inner'"]);
});

test('a peer whose run without a shell failed has its line, and runs by the shell until it succeeds', async (t) => {
  const { bench, run, texts } = await directly(t, {
    SubnetAddCommand: ['# makes a directory', 'ls "there-$SUBNET_IP" >/dev/null'],
  });
  const result = await run();
  assert.ok(result.kind === 'trouble');
  assert.equal(result.didBegin, true);
  assert.equal(result.trouble.text, 'ls "there-$SUBNET_IP" >/dev/null');
  assert.match(result.trouble.how, /^exited with status \d$/);
  assert.match(result.trouble.stderr, /there-10\.50\.4\.0.*No such file/);
  const byShell = (): number => texts.filter((text) => text.includes('# makes a directory')).length;
  assert.equal(byShell(), 0);
  assert.equal((await run({ reason: 'retry' })).kind, 'trouble');
  assert.equal(byShell(), 1);
  bench.put('there-10.50.4.0');
  assert.equal((await run({ reason: 'retry' })).kind, 'ok');
  assert.equal(byShell(), 2);
  assert.equal((await run()).kind, 'ok');
  assert.equal(byShell(), 2, 'it runs without a shell again');
});

test('the programs of a peer share the time that its command has', async (t) => {
  const { run } = await directly(t, { SubnetAddCommand: 'sleep 0.7 </dev/null; sleep 0.7', Timeout: 1 });
  const result = await run();
  assert.ok(result.kind === 'trouble');
  assert.match(result.trouble.how, /^did not end within 1 s, its Timeout \(/);
});

test('a peer whose first program could not be started has changed nothing', async (t) => {
  const { bench, run } = await directly(t, { SubnetAddCommand: 'mkdir "$SUBNET_IP"' });
  rmSync(bench.stateDirectory, { recursive: true });
  const result = await run();
  assert.ok(result.kind === 'trouble');
  assert.equal(result.didBegin, false);
  assert.match(result.trouble.how, /^could not be started: /);
});
