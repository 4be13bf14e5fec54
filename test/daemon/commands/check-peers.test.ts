import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkPeersInPlace, type PeersInPlace } from '../../../src/daemon/commands/check-peers.ts';
import type { TestContext } from 'node:test';
import { Bench } from '../bench.ts';
import { makeNumberedPeer, own } from '../network/network-bench.ts';

async function check(t: TestContext, CheckCommand: string | undefined): Promise<PeersInPlace> {
  const bench = new Bench(t);
  bench.recipe({ Type: 'extension', Overhead: 50, CheckCommand });
  const runner = bench.runner(await bench.prepare());
  return checkPeersInPlace(runner, own, [4, 5].map(makeNumberedPeer), 'at-once');
}

test('the peers that should be there are on stdin, and each subnet that is printed is in place', async (t) => {
  const found = await check(t, 'while read -r verb subnet rest; do echo "$subnet"; done');
  assert.deepEqual(found, { kind: 'listed', subnets: new Set(['10.50.4.0/24', '10.50.5.0/24']) });
});

test('the lines are those of SubnetBatchCommand', async (t) => {
  const found = await check(
    t,
    'test "$(head -n 1)" = "$(printf "add\\t10.50.4.0/24\\t-\\t172.30.0.4\\t-\\tdata-4")"',
  );
  assert.equal(found.kind, 'listed');
});

test('lines that are not subnets and the own subnet are ignored; blanks around a subnet do not count', async (t) => {
  const found = await check(
    t,
    'echo " 10.50.4.0/24 "; echo; echo "no subnet"; echo 10.50.1.0/24; echo 10.50.6.0',
  );
  assert.deepEqual(found, { kind: 'listed', subnets: new Set(['10.50.4.0/24']) });
});

test('a subnet is known by its canonical form', async (t) => {
  const found = await check(t, 'echo 2001:CAFE:0042::/64');
  assert.deepEqual(found, { kind: 'listed', subnets: new Set(['2001:cafe:42::/64']) });
});

test('a command that fails finds the network broken, with why', async (t) => {
  const found = await check(t, 'echo 10.50.4.0/24; echo no device >&2; exit 2');
  assert.ok(found.kind === 'broken');
  assert.equal(found.trouble.how, 'exited with status 2');
  assert.equal(found.trouble.stderr, 'no device');
});

test('without CheckCommand nothing is known', async (t) => {
  assert.deepEqual(await check(t, undefined), { kind: 'unknown' });
});
