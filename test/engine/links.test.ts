import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Engine } from '../../src/engine/engine.ts';
import type { Peer, PeerLink } from '../../src/lease/lease.ts';
import { makeNumberedPeer } from '../daemon/network/network-bench.ts';

function linkedPeer(ipv4: string | undefined, matters = true): Peer {
  return { ...makeNumberedPeer(4), link: { devices: { ipv4, ipv6: undefined }, matters } satisfies PeerLink };
}

/** The operations for a peer that an earlier daemon left in place, once the store says what it is now. */
function operationsFor(left: Peer, wanted: Peer): readonly string[] {
  const engine = new Engine({ canRemove: true, repeatable: true, fitsBatch: undefined });
  engine.feed({ kind: 'restore', peers: [left] });
  engine.checked(new Set([left.subnet ?? '']), engine.checkpoint);
  engine.feed({ kind: 'snapshot', peers: [wanted] });
  const operations: string[] = [];
  for (let [operation] = engine.take(1); operation !== undefined; [operation] = engine.take(1)) {
    const { kind, peer, reason } = operation;
    operations.push(`${kind} ${peer.link?.devices.ipv4 ?? '-'} ${reason}`);
    engine.feed({ kind: 'succeeded', operation });
  }
  return operations;
}

const moved = ['remove eth0 changed', 'add eth1 changed'];

test('a peer on another link is removed as it was and added as it is', () => {
  assert.deepEqual(operationsFor(linkedPeer('eth0'), linkedPeer('eth1')), moved);
  assert.deepEqual(operationsFor(linkedPeer('eth0'), linkedPeer('eth0')), []);
});

test('a peer whose link begins to matter, or ceases to, has changed', () => {
  assert.equal(operationsFor(linkedPeer('eth0', false), linkedPeer('eth0')).length, 2);
  assert.equal(operationsFor(linkedPeer('eth0'), linkedPeer('eth0', false)).length, 2);
  assert.deepEqual(operationsFor(linkedPeer('eth0', false), linkedPeer('eth1', false)), []);
  assert.deepEqual(operationsFor(linkedPeer(undefined, false), linkedPeer(undefined)), []);
});

test('a peer of which nobody noted the link is taken to be on its present one', () => {
  assert.deepEqual(operationsFor(makeNumberedPeer(4), linkedPeer('eth1')), []);
});
