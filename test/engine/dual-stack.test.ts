import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Engine } from '../../src/engine/engine.ts';
import type { Peer } from '../../src/lease/lease.ts';

function makePeer(n: number, change: Partial<Peer> = {}): Peer {
  return {
    key: `10.50.${n}.0-24&fd00:50:0:${n}::-64`,
    subnet: `10.50.${n}.0/24`,
    ipv6Subnet: `fd00:50:0:${n}::/64`,
    publicIp: `192.0.2.${n}`,
    publicIpv6: `2001:db8::${n}`,
    stdin: '\n',
    fields: {},
    ...change,
  };
}

/** The only route of a test's kernel that a flush by hand leaves or takes. */
const bothOf = (...peers: readonly Peer[]): string[] =>
  peers.flatMap(({ subnet, ipv6Subnet }) => [subnet, ipv6Subnet].filter((each) => each !== undefined));
const firstOf = (...peers: readonly Peer[]): string[] => peers.map((peer) => bothOf(peer)[0] ?? '');

function runAll(engine: Engine): string[] {
  const ran: string[] = [];
  for (let [operation] = engine.take(1); operation; [operation] = engine.take(1)) {
    ran.push(`${operation.kind} ${bothOf(operation.peer).join(' ')}`);
    engine.feed({ kind: 'succeeded', operation });
  }
  return ran;
}

function engineOf(...peers: readonly Peer[]): Engine {
  const engine = new Engine({ canRemove: true, repeatable: true, fitsBatch: undefined });
  engine.feed({ kind: 'snapshot', peers });
  runAll(engine);
  return engine;
}

/** What a check that prints these subnets has repaired. */
function check(engine: Engine, printed: readonly string[]): string[] {
  engine.checked(new Set(printed), engine.checkpoint);
  return runAll(engine);
}

const [one, two] = [makePeer(1), makePeer(2)];
const old = makePeer(3, { key: '10.50.3.0-24', ipv6Subnet: undefined, publicIpv6: undefined });
const newest = makePeer(4, { key: '0.0.0.0-0&fd00:50:0:4::-64', subnet: undefined, publicIp: undefined });

describe('with a CheckCommand that prints both subnets of a peer', () => {
  test('a peer with both is in place, and neither subnet is a stranger', () => {
    assert.deepEqual(check(engineOf(one, two), bothOf(one, two)), []);
  });

  test('IPv6 routes that were flushed come back, those of one peer or of all', () => {
    const engine = engineOf(one, two);
    check(engine, bothOf(one, two));
    assert.deepEqual(check(engine, [...bothOf(one), ...firstOf(two)]), [`add ${bothOf(two).join(' ')}`]);
    assert.equal(check(engine, firstOf(one, two)).length, 2);
    assert.equal(check(engine, firstOf(one, two)).length, 2, 'again and again, since it printed both before');
  });

  test('IPv6 routes that were flushed before the first check come back as well', () => {
    const engine = engineOf(one, two);
    assert.deepEqual(check(engine, firstOf(one, two)), [`add ${bothOf(one).join(' ')}`]);
    assert.deepEqual(check(engine, [...bothOf(one), ...firstOf(two)]), [`add ${bothOf(two).join(' ')}`]);
    assert.deepEqual(check(engine, bothOf(one, two)), []);
  });

  test('a peer whose add still runs is waited for before another is tried', () => {
    const engine = engineOf(one, two);
    engine.checked(new Set(firstOf(one, two)), engine.checkpoint);
    const [add] = engine.take(1);
    assert.ok(add);
    assert.deepEqual(check(engine, firstOf(one, two)), []);
    const before = engine.checkpoint;
    engine.feed({ kind: 'succeeded', operation: add });
    engine.checked(new Set(firstOf(one, two)), before);
    assert.deepEqual(runAll(engine), []);
    assert.deepEqual(check(engine, [...bothOf(one), ...firstOf(two)]), [`add ${bothOf(two).join(' ')}`]);
  });

  test('IPv4 routes that were flushed come back', () => {
    const engine = engineOf(one);
    assert.deepEqual(check(engine, bothOf(one).slice(1)), [`add ${bothOf(one).join(' ')}`]);
  });

  test('peers with one family need that one alone', () => {
    const engine = engineOf(one, old, newest);
    assert.deepEqual(check(engine, bothOf(one, old, newest)), []);
    assert.deepEqual(check(engine, bothOf(one, old)), [`add ${bothOf(newest).join(' ')}`]);
  });

  test('a forgotten peer is removed by both', () => {
    assert.deepEqual(check(engineOf(one), bothOf(one, two)), [
      `remove ${bothOf(two)[0] ?? ''}`,
      `remove ${bothOf(two)[1] ?? ''}`,
    ]);
  });

  test('after a restart, a peer with one of its two is added again', () => {
    const engine = new Engine({ canRemove: true, repeatable: true, fitsBatch: undefined });
    engine.feed({ kind: 'restore', peers: [one, two] });
    engine.checked(new Set([...bothOf(one), ...firstOf(two)]), engine.checkpoint);
    engine.feed({ kind: 'snapshot', peers: [one, two] });
    assert.deepEqual(runAll(engine), [`add ${bothOf(two).join(' ')}`]);
  });
});

describe('with a CheckCommand that prints one subnet for each peer', () => {
  test('one peer is added once more, and then each is in place by it', () => {
    const engine = engineOf(one, two);
    assert.deepEqual(check(engine, firstOf(one, two)), [`add ${bothOf(one).join(' ')}`]);
    for (let times = 0; times < 5; times += 1) assert.deepEqual(check(engine, firstOf(one, two)), []);
    assert.deepEqual(check(engine, firstOf(one)), [`add ${bothOf(two).join(' ')}`]);
  });

  test('a peer that comes later is not added again', () => {
    const engine = engineOf(one);
    check(engine, firstOf(one));
    check(engine, firstOf(one));
    engine.feed({ kind: 'put', peer: two });
    runAll(engine);
    assert.deepEqual(check(engine, firstOf(one, two)), []);
  });
});
