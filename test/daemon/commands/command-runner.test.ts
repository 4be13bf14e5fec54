import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { CommandRunner } from '../../../src/daemon/commands/command-runner.ts';
import { loadRecipe } from '../../../src/recipe-files/load-recipe.ts';
import { given } from '../../recipe/given-parameter.ts';
import { Bench } from '../bench.ts';
import { makeNumberedPeer, own } from '../network/network-bench.ts';

async function start(
  t: TestContext,
  backend: object,
  parameters: readonly string[] = [],
): Promise<{ bench: Bench; runner: CommandRunner }> {
  const bench = new Bench(t);
  bench.recipe({ Type: 'extension', Overhead: 50, ...backend });
  const options = bench.options({ parameters: parameters.map(given) });
  return { bench, runner: bench.runner(await bench.prepare(options), options) };
}

const secrets = {
  Parameters: {
    Psk: { Type: 'string', Default: 'sesame', Secret: true },
    Pin: { Type: 'integer', Default: 4711, Secret: true },
    Empty: { Type: 'string', Default: '', Secret: true },
    Port: { Type: 'integer', Default: 8472 },
  },
};

test('a command about this node gets its variables, runs in the state directory, and is reported', async (t) => {
  const command = 'echo "$NODE_NAME $SUBNET $PUBLIC_IP $MTU $IFACE"; pwd; echo fine >&2';
  const { bench, runner } = await start(t, { PostStartupCommand: command });
  const result = await runner.runOwn('PostStartupCommand', own);
  assert.ok(result.kind === 'ok');
  assert.equal(result.stdout, `node1 10.50.1.0/24 172.30.0.1 1450 weft0\n${bench.stateDirectory}\n`);
  const [told] = bench.told('command-finished');
  assert.deepEqual(
    { ...told, durationMs: 0 },
    {
      event: 'command-finished',
      command: 'PostStartupCommand',
      durationMs: 0,
      stderr: 'fine',
    },
  );
});

test('a check that succeeds shows its stderr, with a count when it repeats, and again when it is another', async (t) => {
  const { bench, runner } = await start(t, { CheckCommand: 'cat >&2' });
  const check = (line: string) => runner.runLines('CheckCommand', own, [line]);
  for (let n = 0; n < 5; n += 1) await check('[[: not found');
  await check('source: not found');
  await runner.runLines('CheckCommand', own, []);
  await check('source: not found');
  const told = bench.told('command-finished').map(({ stderr, times }) => `${times} ${stderr}`);
  assert.deepEqual(told, [
    '1 [[: not found',
    '2 [[: not found',
    '4 [[: not found',
    '1 source: not found',
    '1 source: not found',
  ]);
});

test('commands before the lease do not get a subnet', async (t) => {
  const { runner } = await start(t, { PreStartupCommand: 'echo "${SUBNET-none} $NETWORK"' });
  const result = await runner.runOwn('PreStartupCommand', undefined);
  assert.ok(result.kind === 'ok');
  assert.equal(result.stdout, 'none 10.50.0.0/16\n');
});

test('a command that the recipe has not succeeds, and nothing is told', async (t) => {
  const { bench, runner } = await start(t, {});
  assert.equal(runner.has('PostStartupCommand'), false);
  for (const run of [
    runner.runOwn('PostStartupCommand', own),
    runner.runQuietly('ShutdownCommand', own),
    runner.runPeer('SubnetAddCommand', own, makeNumberedPeer(4)),
  ]) {
    assert.deepEqual(await run, { kind: 'ok', stdout: '', stderr: '', durationMs: 0 });
  }
  assert.deepEqual(bench.events, []);
});

test('a command of many lines that fails names the line in the recipe, and what it printed', async (t) => {
  const { bench, runner } = await start(t, { PostStartupCommand: ['true', 'echo torn >&2; exit 7', 'true'] });
  const result = await runner.runOwn('PostStartupCommand', own);
  assert.ok(result.kind === 'trouble');
  const { trouble } = result;
  assert.deepEqual(bench.told('command-failed'), [{ event: 'command-failed', trouble }]);
  const lines = (await loadRecipe(bench.options().recipe ?? '')).recipe.source.text.split('\n');
  assert.match(lines[(trouble.where?.line ?? 0) - 1] ?? '', /exit 7/);
  assert.deepEqual(
    { how: trouble.how, text: trouble.text, stderr: trouble.stderr },
    { how: 'exited with status 7', text: 'echo torn >&2; exit 7', stderr: 'torn' },
  );
});

test('after another text of the recipe was saved, its lines are named', async (t) => {
  const { bench, runner } = await start(t, { PostStartupCommand: ['exit 7'] });
  bench.recipe({ Type: 'extension', Overhead: 50, Timeout: 30, PostStartupCommand: ['exit 7'] });
  const { recipe, scripts } = await loadRecipe(bench.options().recipe ?? '');
  runner.adopt(recipe, scripts);
  const result = await runner.runOwn('PostStartupCommand', own);
  assert.ok(result.kind === 'trouble');
  const line = recipe.source.text.split('\n')[(result.trouble.where?.line ?? 0) - 1];
  assert.match(line ?? '', /exit 7/);
});

test('commands get the facts that the node has learned since its start', async (t) => {
  const { runner } = await start(t, { PostStartupCommand: 'echo $MTU' });
  runner.learn({ mtus: { ipv4: 1280, ipv6: undefined } });
  const result = await runner.runOwn('PostStartupCommand', own);
  assert.ok(result.kind === 'ok');
  assert.equal(result.stdout, '1280\n');
  assert.equal(runner.facts.nodeName, 'node1');
});

test('secrets are kept out of stderr, however the command ends; other values are not', async (t) => {
  const words = 'echo "psk $PSK pin $PIN port $PORT" >&2';
  const backend = { ...secrets, PostStartupCommand: words, ShutdownCommand: `${words}; false` };
  const { bench, runner } = await start(t, backend, ['Psk=open']);
  const hidden = 'psk ‹secret› pin ‹secret› port 8472';
  const finished = await runner.runOwn('PostStartupCommand', own);
  assert.ok(finished.kind === 'ok');
  assert.equal(finished.stderr, hidden);
  const failed = await runner.runOwn('ShutdownCommand', own);
  assert.ok(failed.kind === 'trouble');
  assert.equal(failed.trouble.stderr, hidden);
  assert.doesNotMatch(JSON.stringify(bench.events), /open|4711/);
});

test('a secret that begins with another secret is hidden whole', async (t) => {
  const backend = {
    Parameters: {
      Short: { Type: 'string', Default: 'open', Secret: true },
      Long: { Type: 'string', Default: 'opensesame', Secret: true },
    },
    PostStartupCommand: 'echo "$LONG" >&2',
  };
  const { runner } = await start(t, backend);
  const result = await runner.runOwn('PostStartupCommand', own);
  assert.ok(result.kind === 'ok');
  assert.equal(result.stderr, '‹secret›');
});

test('a command that takes longer than its Timeout is ended', async (t) => {
  const { runner } = await start(t, { Timeout: 1, PostStartupCommand: 'sleep 60' });
  const result = await runner.runOwn('PostStartupCommand', own);
  assert.ok(result.kind === 'trouble');
  assert.equal(
    result.trouble.how,
    'did not end within 1 s, its Timeout (if it needs longer, raise Timeout in the recipe)',
  );
});

test('a command ends with the signal that it was given', async (t) => {
  const { bench, runner } = await start(t, { PostStartupCommand: 'echo begun >> log; sleep 60' });
  const stopping = new AbortController();
  const run = runner.runOwn('PostStartupCommand', own, stopping.signal);
  await bench.untilLogged('begun');
  stopping.abort();
  const result = await run;
  assert.ok(result.kind === 'trouble');
  assert.equal(result.trouble.how, 'was cancelled');
});

test('a command that cannot be started is a trouble, and no defect', async (t) => {
  const { bench, runner } = await start(t, { PostStartupCommand: 'true' });
  runner.learn({ stateDirectory: `${bench.stateDirectory}/gone` });
  const result = await runner.runOwn('PostStartupCommand', own);
  assert.ok(result.kind === 'trouble');
  assert.match(result.trouble.how, /^could not be started: /);
  assert.equal(result.durationMs, 0);
});

test('no line is blamed for a command that could not be started', async (t) => {
  const script = ['# the first line is a comment', 'true', 'true'];
  const { bench, runner } = await start(t, { PostStartupCommand: script });
  runner.learn({ stateDirectory: `${bench.stateDirectory}/gone` });
  const gone = await runner.runOwn('PostStartupCommand', own);
  assert.ok(gone.kind === 'trouble');
  assert.equal(gone.trouble.text, undefined);
  assert.equal(gone.trouble.where?.file.endsWith('.json'), true);
  runner.learn({ stateDirectory: bench.stateDirectory, nodeName: 'x'.repeat(200_000) });
  const long = await runner.runOwn('PostStartupCommand', own);
  assert.ok(long.kind === 'trouble');
  assert.equal(
    long.trouble.how,
    'could not be started: its script or an environment value is longer than 128 KiB',
  );
  assert.equal(long.trouble.text, undefined);
  runner.learn({ nodeName: 'node1' });
  const cancelled = await runner.runOwn('PostStartupCommand', own, AbortSignal.abort());
  assert.ok(cancelled.kind === 'trouble');
  assert.equal(cancelled.trouble.text, undefined);
});

test('a quiet run is not reported', async (t) => {
  const { bench, runner } = await start(t, { PostStartupCommand: 'true', ShutdownCommand: 'false' });
  assert.equal((await runner.runQuietly('PostStartupCommand', own)).kind, 'ok');
  assert.equal((await runner.runQuietly('ShutdownCommand', own)).kind, 'trouble');
  assert.deepEqual(bench.events, []);
});

test('a command for a peer gets the variables and the data of the peer, and those of this node as LOCAL', async (t) => {
  const { bench, runner } = await start(t, {
    SubnetAddCommand: 'echo "$SUBNET $PUBLIC_IP $LOCAL_SUBNET $LOCAL_PUBLIC_IP $(cat)"',
  });
  const result = await runner.runPeer('SubnetAddCommand', own, makeNumberedPeer(4));
  assert.ok(result.kind === 'ok');
  assert.equal(result.stdout, '10.50.4.0/24 172.30.0.4 10.50.1.0/24 172.30.0.1 data-4\n');
  assert.deepEqual(bench.events, [], 'whoever asked tells of it');
});

test('a batch reads its lines, and is about no one peer', async (t) => {
  const { runner } = await start(t, {
    SubnetBatchCommand: 'echo "${SUBNET-none} $LOCAL_SUBNET"; cat',
    SubnetAddCommand: 'true',
    SubnetRemoveCommand: 'true',
  });
  const result = await runner.runLines('SubnetBatchCommand', own, ['one', 'two']);
  assert.ok(result.kind === 'ok');
  assert.equal(result.stdout, 'none 10.50.1.0/24\none\ntwo\n');
});

test('a recipe without MonitorCommand has no monitor', async (t) => {
  const { runner } = await start(t, {});
  const listeners = { onLines: () => undefined, onEnd: () => undefined };
  assert.equal(runner.startMonitor(own, listeners), undefined);
});

test('a monitor gets the variables of this node, and its end is reported with its stderr', async (t) => {
  const { bench, runner } = await start(t, {
    CheckCommand: 'true',
    MonitorCommand: 'echo "$SUBNET" > told; echo a line; echo no group >&2; exit 3',
  });
  let lines = 0;
  const ended = new Promise((resolve) => {
    const onEnd = (...how: readonly string[]): void => resolve(how);
    runner.startMonitor(own, { onLines: () => (lines += 1), onEnd });
  });
  assert.deepEqual(await ended, ['ended with status 3', 'no group']);
  assert.equal(bench.read('told'), '10.50.1.0/24\n');
  assert.ok(lines > 0);
});
