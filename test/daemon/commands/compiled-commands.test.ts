import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { CompiledCommands } from '../../../src/daemon/commands/compiled-commands.ts';
import type { Operation } from '../../../src/engine/operation.ts';
import { Bench } from '../bench.ts';
import { makeNumberedPeer, own } from '../network/network-bench.ts';

const { signal } = new AbortController();

async function compile(t: TestContext, backend: object): Promise<CompiledCommands> {
  const bench = new Bench(t);
  bench.recipe({ Type: 'extension', Overhead: 50, ...backend });
  return new CompiledCommands(bench.runner(await bench.prepare()), own);
}

const add = (number: number): Operation => ({
  kind: 'add',
  peer: makeNumberedPeer(number),
  reason: 'new',
  mode: 'strict',
});

test('an operation fits if each of its calls is known before it is made', async (t) => {
  const known = await compile(t, { SubnetAddCommand: 'ls "$SUBNET"' });
  assert.equal(known.fits(add(4)), true);
  assert.equal(known.fits({ ...add(4), kind: 'remove' }), false, 'the recipe does not have that command');
  const unknown = await compile(t, { SubnetAddCommand: 'x=$(ls); rm "$x"' });
  assert.equal(unknown.fits(add(4)), false);
  const missing = await compile(t, { SubnetAddCommand: 'program-that-is-not-there' });
  assert.equal(missing.fits(add(4)), false);
});

test('each operation has a result of its own, with its line and the words of the program', async (t) => {
  const compiled = await compile(t, {
    SubnetAddCommand: [
      'echo "adding $SUBNET" >&2',
      'test "$SUBNET" != 10.50.5.0/24 ||',
      '  ls /nowhere/else',
    ],
  });
  const operations = [add(4), add(5)];
  for (const operation of operations) assert.equal(compiled.fits(operation), true);
  const [good, bad] = await compiled.run(operations, signal, () => true);
  assert(good?.kind === 'ok');
  assert.equal(good.stderr, 'adding 10.50.4.0/24');
  assert(bad?.kind === 'trouble');
  assert.equal(bad.didBegin, true);
  assert.match(bad.trouble.how, /^exited with status \d+$/);
  assert.equal(bad.trouble.text, 'ls /nowhere/else');
  assert.match(bad.trouble.stderr, /No such file or directory/);
});

test('an operation stops between two calls if it is not to go on', async (t) => {
  const compiled = await compile(t, { SubnetAddCommand: 'ls / </dev/null; ls /nowhere' });
  const operation = add(4);
  assert.equal(compiled.fits(operation), true);
  let waves = 0;
  const [result] = await compiled.run([operation], signal, () => (waves += 1) < 2);
  assert.deepEqual(result, { kind: 'stopped' });
});
