import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Engine } from '../../src/engine/engine.ts';
import type { Operation } from '../../src/engine/operation.ts';
import type { Peer } from '../../src/lease/lease.ts';

function makePeer(number: number): Peer {
  const subnet = `10.${(number >> 8) & 255}.${number & 255}.0`;
  return {
    key: `${subnet}-24`,
    subnet: `${subnet}/24`,
    ipv6Subnet: undefined,
    publicIp: `172.16.${(number >> 8) & 255}.${number & 255}`,
    publicIpv6: undefined,
    stdin: `data-${number}\n`,
    fields: {},
  };
}

function engineOf(count: number, repeatable = true): Engine {
  const engine = new Engine({ canRemove: true, repeatable, fitsBatch: () => true });
  engine.feed({ kind: 'snapshot', peers: Array.from({ length: count }, (_, n) => makePeer(n)) });
  return engine;
}

const isBad = (bad: ReadonlySet<number>) => {
  const keys = new Set([...bad].map((n) => makePeer(n).key));
  return ({ peer }: Operation): boolean => keys.has(peer.key);
};

/** Runs everything that is ready; a batch with a bad peer fails. Returns how many lines, batches and single runs it took. */
function runAll(engine: Engine, bad: (operation: Operation) => boolean) {
  const spent = { lines: 0, batches: 0, singles: 0, failed: [] as string[] };
  for (;;) {
    const batch = engine.takeBatch(2500);
    if (batch.length > 0) {
      spent.batches += 1;
      spent.lines += batch.length;
      if (batch.some(bad)) engine.returned(batch);
      else for (const operation of batch) engine.feed({ kind: 'succeeded', operation });
      continue;
    }
    const singles = engine.take(10);
    if (singles.length === 0) return spent;
    for (const operation of singles) {
      spent.singles += 1;
      if (!bad(operation)) {
        engine.feed({ kind: 'succeeded', operation });
        continue;
      }
      spent.failed.push(operation.peer.key);
      engine.feed({ kind: 'failed', operation, jitter: 0 });
    }
  }
}

test('one bad peer of 2,500 costs that peer, and no more than twice the lines', () => {
  const engine = engineOf(2500);
  const { lines, singles, failed } = runAll(engine, isBad(new Set([1234])));
  assert.deepEqual(failed, [makePeer(1234).key]);
  assert.equal(engine.counts.inPlace, 2499);
  assert.ok(lines <= 3 * 2500, `${lines} lines`);
  assert.ok(singles <= 4, `${singles} single runs`);
});

test('a few bad peers are found, wherever they are', () => {
  const bad = [0, 17, 1249, 1250, 2499];
  const engine = engineOf(2500);
  const { failed, singles } = runAll(engine, isBad(new Set(bad)));
  assert.deepEqual(failed.sort(), bad.map((n) => makePeer(n).key).sort());
  assert.ok(singles < 2500 / 4, `${singles} single runs`);
});

test('if every batch fails, the search ends, and each peer runs by itself', () => {
  const engine = engineOf(2500);
  let batches = 0;
  for (let batch = engine.takeBatch(2500); batch.length > 0; batch = engine.takeBatch(2500)) {
    batches += 1;
    engine.returned(batch);
  }
  assert.ok(batches < 110, `${batches} batches`);
  assert.equal(engine.take(5000).length, 2500);
});

test('after a shutdown only removes are decided, whatever was in a batch that fails then', () => {
  const engine = engineOf(2500);
  const batch = engine.takeBatch(2500);
  assert.equal(batch.length, 2500);
  engine.feed({ kind: 'shutdown' });
  engine.returned(batch);
  const kinds = new Set<string>();
  for (;;) {
    const operations = engine.wantsBatch ? engine.takeBatch(2500) : engine.take(100);
    if (operations.length === 0) break;
    for (const operation of operations) {
      kinds.add(`${operation.kind} (${operation.reason})`);
      engine.feed({ kind: 'succeeded', operation });
    }
  }
  assert.deepEqual([...kinds], ['remove (shutdown)']);
  assert.equal(engine.entries.size, 0);
});

test('changes of the store after a shutdown are ignored', () => {
  const engine = engineOf(10);
  engine.feed({ kind: 'shutdown' });
  engine.feed({ kind: 'put', peer: makePeer(77) }, { kind: 'snapshot', peers: [makePeer(78)] });
  assert.deepEqual([engine.takeBatch(100), engine.take(100)], [[], []]);
});

test('a peer that changed while its batch ran is decided again when the batch fails', () => {
  const engine = engineOf(20);
  const batch = engine.takeBatch(100);
  engine.feed({ kind: 'delete', key: makePeer(3).key });
  engine.feed({ kind: 'put', peer: { ...makePeer(4), publicIp: '192.0.2.99' } });
  engine.returned(batch);
  const seen = new Map<string, string>();
  for (let next = engine.takeBatch(100); next.length > 0; next = engine.takeBatch(100))
    for (const { peer, kind, reason } of next)
      seen.set(peer.key, `${kind} ${peer.publicIp ?? ''} (${reason})`);
  assert.equal(seen.get(makePeer(3).key), 'remove 172.16.0.3 (gone)');
  assert.equal(seen.get(makePeer(4).key), 'remove 172.16.0.4 (changed)');
  assert.equal(seen.get(makePeer(5).key), 'add 172.16.0.5 (new)');
});

test('a peer that failed stays out of batches until it has succeeded by itself', () => {
  const engine = engineOf(1);
  const [first = assert.fail()] = engine.take(1);
  const [wait = assert.fail()] = engine.feed({ kind: 'failed', operation: first, jitter: 0 });
  engine.feed({ kind: 'snapshot', peers: Array.from({ length: 30 }, (_, n) => makePeer(n)) });
  engine.feed({ kind: 'due', key: wait.key, attempt: wait.attempt });
  const batch = engine.takeBatch(100);
  assert.equal(batch.length, 29);
  const [again = assert.fail(), ...others] = engine.take(100);
  assert.deepEqual([again.peer.key, others], [makePeer(0).key, []]);
  for (const operation of [...batch, again]) engine.feed({ kind: 'succeeded', operation });
  engine.feed({ kind: 'shutdown' });
  assert.equal(engine.takeBatch(100).length, 30);
});

test('a lenient remove that cleared the way does not bring a peer that failed back into batches', () => {
  const engine = engineOf(1, false);
  const [add = assert.fail()] = engine.take(1);
  const [wait = assert.fail()] = engine.feed({ kind: 'failed', operation: add, jitter: 0 });
  engine.feed({ kind: 'snapshot', peers: Array.from({ length: 30 }, (_, n) => makePeer(n)) });
  engine.feed({ kind: 'due', key: wait.key, attempt: wait.attempt });
  const batch = engine.takeBatch(100);
  assert.equal(batch.length, 29);
  const [remove = assert.fail()] = engine.take(100);
  assert.deepEqual([remove.kind, remove.mode], ['remove', 'lenient']);
  engine.feed({ kind: 'succeeded', operation: remove });
  const [again = assert.fail()] = engine.take(100);
  assert.deepEqual([again.kind, again.peer.key], ['add', makePeer(0).key]);
});

test('an operation that no line can hold is run by itself, and the others in a batch', () => {
  const odd = makePeer(5).key;
  const engine = new Engine({ canRemove: true, repeatable: true, fitsBatch: ({ peer }) => peer.key !== odd });
  engine.feed({ kind: 'snapshot', peers: Array.from({ length: 20 }, (_, n) => makePeer(n)) });
  assert.equal(engine.takeBatch(100).length, 19);
  assert.deepEqual(
    engine.take(100).map(({ peer }) => peer.key),
    [odd],
  );
});

test('fewer than eight are not a batch', () => {
  const engine = engineOf(7);
  assert.equal(engine.wantsBatch, false);
  assert.deepEqual(engine.takeBatch(100), []);
  assert.equal(engine.take(100).length, 7);
});
