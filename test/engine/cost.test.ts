import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Engine } from '../../src/engine/engine.ts';
import type { PeerEntry } from '../../src/engine/state.ts';
import type { EngineInput } from '../../src/engine/operation.ts';
import type { Peer } from '../../src/lease/lease.ts';

/** Counts how often any entry is looked up, written, or come by in a loop. */
class CountingMap extends Map<string, PeerEntry> {
  touches = 0;

  override get(key: string): PeerEntry | undefined {
    this.touches += 1;
    return super.get(key);
  }

  override set(key: string, entry: PeerEntry): this {
    this.touches += 1;
    return super.set(key, entry);
  }

  override *values(): MapIterator<PeerEntry> {
    for (const entry of super.values()) {
      this.touches += 1;
      yield entry;
    }
    return undefined;
  }
}

function makePeer(number: number, version = 0): Peer {
  const subnet = `10.${(number >> 8) & 255}.${number & 255}.0`;
  return {
    key: `${subnet}-24`,
    subnet: `${subnet}/24`,
    ipv6Subnet: undefined,
    publicIp: `172.${number >> 16}.${(number >> 8) & 255}.${number & 255}`,
    publicIpv6: undefined,
    stdin: `key-${number}-${version}\n`,
    fields: {},
  };
}

/** An engine with so many peers in place, and what it costs it to be fed something and to act on it. */
function settledEngine(peers: number): (input: EngineInput) => number {
  const entries = new CountingMap();
  const engine = new Engine({ canRemove: true, repeatable: true, fitsBatch: undefined }, entries);
  const cost = (input: EngineInput): number => {
    const before = entries.touches;
    engine.feed(input);
    for (let taken = engine.take(100); taken.length > 0; taken = engine.take(100))
      for (const operation of taken) engine.feed({ kind: 'succeeded', operation });
    return entries.touches - before;
  };
  cost({ kind: 'snapshot', peers: Array.from({ length: peers }, (_, number) => makePeer(number)) });
  return cost;
}

const few = 100;
const many = 10_000;

test('the cost of one lease does not depend on the number of leases', () => {
  const [small, large] = [settledEngine(few), settledEngine(many)];
  const inputs: EngineInput[] = [
    { kind: 'put', peer: makePeer(50, 1) },
    { kind: 'put', peer: makePeer(50, 1) },
    { kind: 'put', peer: makePeer(60_000) },
    { kind: 'delete', key: makePeer(7).key },
  ];
  for (const input of inputs) {
    const cost = large(input);
    assert.equal(cost, small(input), input.kind);
    assert.ok(cost < 20, `${input.kind} costs ${cost}`);
  }
});

test('a snapshot costs so much for each lease, and no more when nothing has changed', () => {
  const costs = [few, many].map((count) => {
    const peers = Array.from({ length: count }, (_, number) => makePeer(number));
    return settledEngine(count)({ kind: 'snapshot', peers }) / count;
  });
  assert.equal(costs[0], costs[1]);
  assert.ok((costs[0] ?? Infinity) < 5);
});
