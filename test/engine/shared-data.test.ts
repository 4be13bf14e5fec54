import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Engine } from '../../src/engine/engine.ts';
import type { Peer } from '../../src/lease/lease.ts';
import { keyedKernel } from './model.ts';

function makePeer(n: number, change: Partial<Peer> = {}): Peer {
  const subnet = `10.50.${n}.0/24`;
  return {
    key: subnet.replace('/', '-'),
    subnet,
    ipv6Subnet: undefined,
    publicIp: `192.0.2.${n}`,
    publicIpv6: undefined,
    stdin: 'the-same\n',
    fields: {},
    ...change,
  };
}

function engineOf(peers: readonly Peer[]): Engine {
  const engine = new Engine({ canRemove: true, repeatable: true, fitsBatch: undefined });
  engine.feed({ kind: 'snapshot', peers });
  return engine;
}

const kindsOf = (engine: Engine, limit = 100): string[] =>
  engine.take(limit).map(({ kind, peer }) => `${kind} ${peer.subnet ?? ''}`);

test('a peer that hangs keeps none waiting whose node published the same data', () => {
  const engine = engineOf([1, 2, 3].map((n) => makePeer(n)));
  assert.equal(kindsOf(engine, 1).length, 1);
  assert.deepEqual(kindsOf(engine), ['add 10.50.2.0/24', 'add 10.50.3.0/24']);
});

test('a node that moved to another subnet is removed from the old one first', () => {
  const engine = engineOf([makePeer(1)]);
  for (const operation of engine.take(1)) engine.feed({ kind: 'succeeded', operation });
  engine.feed({ kind: 'snapshot', peers: [makePeer(2, { publicIp: '192.0.2.1' })] });
  const [remove, ...others] = engine.take(10);
  assert.equal(remove?.kind, 'remove');
  assert.deepEqual(others, []);
  engine.feed({ kind: 'succeeded', operation: remove });
  assert.deepEqual(kindsOf(engine), ['add 10.50.2.0/24']);
});

test('a peer whose remove from the old subnet hangs is added in the new one meanwhile, and again when the remove has ended', () => {
  const engine = engineOf([makePeer(1)]);
  for (const operation of engine.take(1)) engine.feed({ kind: 'succeeded', operation });
  engine.feed({ kind: 'snapshot', peers: [makePeer(2, { publicIp: '192.0.2.1' })] });
  const [remove = assert.fail()] = engine.take(10);
  assert.deepEqual(kindsOf(engine), []);
  engine.feed({ kind: 'overdue', operation: remove });
  const [add = assert.fail(), ...others] = engine.take(10);
  assert.deepEqual([add.kind, add.peer.subnet, others], ['add', '10.50.2.0/24', []]);
  engine.feed({ kind: 'succeeded', operation: add });
  assert.deepEqual(kindsOf(engine), []);

  // It was ended, and may have torn down what the new subnet needs by then.
  const [wait = assert.fail()] = engine.feed({ kind: 'failed', operation: remove, jitter: 0 });
  const [again = assert.fail()] = engine.take(10);
  assert.deepEqual([again.kind, again.peer.subnet, again.reason], ['add', '10.50.2.0/24', 'drifted']);
  engine.feed({ kind: 'succeeded', operation: again });

  // That it fails again and again disturbs nobody; that it succeeds does.
  engine.feed({ kind: 'due', key: wait.key, attempt: wait.attempt });
  const [second = assert.fail()] = engine.take(10);
  const [next = assert.fail()] = engine.feed({ kind: 'failed', operation: second, jitter: 0 });
  assert.deepEqual(kindsOf(engine), []);
  engine.feed({ kind: 'due', key: next.key, attempt: next.attempt });
  const [third = assert.fail()] = engine.take(10);
  engine.feed({ kind: 'succeeded', operation: third });
  assert.deepEqual(kindsOf(engine), ['add 10.50.2.0/24']);
});

test('an add that hangs keeps the remove of what it shares waiting no longer than that, and is run again', () => {
  const engine = engineOf([makePeer(1)]);
  for (const operation of engine.take(1)) engine.feed({ kind: 'succeeded', operation });
  engine.feed({ kind: 'put', peer: makePeer(2) });
  const [add = assert.fail()] = engine.take(10);
  engine.feed({ kind: 'delete', key: '10.50.1.0-24' });
  assert.deepEqual(kindsOf(engine), []);
  engine.feed({ kind: 'overdue', operation: add });
  const [remove = assert.fail()] = engine.take(10);
  assert.deepEqual([remove.kind, remove.peer.subnet], ['remove', '10.50.1.0/24']);
  engine.feed({ kind: 'succeeded', operation: remove });
  engine.feed({ kind: 'succeeded', operation: add });
  assert.deepEqual(kindsOf(engine), ['add 10.50.2.0/24']);
});

test('a value that every node publishes does not identify a peer', () => {
  const peers = Array.from({ length: 50 }, (_, n) => makePeer(n + 1));
  const engine = engineOf(peers);
  for (const operation of engine.take(100)) engine.feed({ kind: 'succeeded', operation });
  engine.feed({ kind: 'snapshot', peers: peers.slice(2) });
  const [first] = engine.take(1);
  assert.equal(first?.kind, 'remove');
  // One remove runs: the other need not wait for it, and none of the rest is looked at again after it.
  assert.deepEqual(kindsOf(engine), ['remove 10.50.2.0/24']);
  engine.feed({ kind: 'succeeded', operation: first });
  assert.deepEqual(kindsOf(engine), []);
});

test('two peers with one key: the first one in place stays, and the other one comes when the first one goes', () => {
  const [a, b] = [makePeer(1), makePeer(2)];
  const engine = engineOf([a, b]);
  const kernel = keyedKernel();
  let runs = 0;
  const runAll = (): void => {
    for (let [operation] = engine.take(1); operation; [operation] = engine.take(1)) {
      runs += 1;
      kernel.run(operation);
      engine.feed({ kind: 'succeeded', operation });
    }
  };
  for (let checks = 0; checks < 20; checks += 1) {
    runAll();
    engine.checked(kernel.present(), engine.checkpoint);
  }
  assert.ok(runs <= 8, `${runs} runs`);
  const { displaced } = engine.checked(kernel.present(), engine.checkpoint);
  assert.equal(displaced.length, 1);
  const [{ peer, by, shared } = assert.fail()] = displaced;
  assert.deepEqual([...kernel.present()], [by.subnet]);
  assert.deepEqual(shared, ['the-same']);

  engine.feed({ kind: 'delete', key: by.key });
  runAll();
  assert.deepEqual([...kernel.present()], [peer.subnet]);
  assert.deepEqual(engine.checked(kernel.present(), engine.checkpoint).displaced, []);
});

test('peers that share a key or a MAC address wait for each other, whatever else of their data differs', () => {
  const key = 'xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=';
  const data = (n: number): readonly Partial<Peer>[] => [
    { stdin: `{"PublicKey":"${key}","Port":${n}}\n`, fields: { DATA_PUBLIC_KEY: key, DATA_PORT: `${n}` } },
    { stdin: `02:00:00:00:00:07\n${n}\n`, fields: {} },
    { stdin: `{"VtepMAC":"02:00:00:00:00:0${n}"}\n`, fields: { DATA_ID: '02:00:00:00:00:0A' } },
  ];
  for (const index of data(0).keys()) {
    const engine = engineOf([makePeer(1, data(1)[index])]);
    for (const operation of engine.take(1)) engine.feed({ kind: 'succeeded', operation });
    engine.feed({ kind: 'snapshot', peers: [makePeer(2, data(2)[index])] });
    assert.deepEqual(kindsOf(engine), ['remove 10.50.1.0/24'], `data ${index}`);
  }
});
