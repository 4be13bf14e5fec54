import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { annotationNames } from '../../../src/store/kubernetes/annotations.ts';
import { NodeBook } from '../../../src/store/kubernetes/node-book.ts';
import { readPodCidrs, type NodeObject } from '../../../src/store/kubernetes/node-object.ts';

const prefix = 'flannel.alpha.coreos.com/';
const names = annotationNames(prefix);

function makeNode(
  name: string,
  podCIDRs: readonly string[],
  annotations: Readonly<Record<string, string>> | null = {
    [names.managed]: 'true',
    [names.backendType]: 'vxlan',
    [names.publicIp]: '172.30.0.1',
  },
): NodeObject {
  return {
    metadata: { name, resourceVersion: '1', ...(annotations && { annotations }) },
    spec: { podCIDRs },
  };
}

test('the pod CIDRs of a Node are its subnets, or there is a reason', () => {
  const reasonOf = (...podCIDRs: string[]): string => {
    const read = readPodCidrs(makeNode('a', podCIDRs));
    return read.kind === 'assigned' ? '' : read.reason;
  };
  assert.equal(reasonOf('10.50.4.0/24'), '');
  assert.equal(reasonOf('10.50.4.0/24', '2001:db8::/64'), '');
  assert.equal(reasonOf('2001:db8::/64'), '');
  assert.equal(reasonOf(), 'has no podCIDR');
  assert.match(reasonOf('10.0.0.0/24', '10.0.1.0/24'), /has two podCIDRs of one family: 10\.0\.0\.0\/24 and/);
  assert.match(reasonOf('10.0.0.0/24', '2001:db8::/64', '10.0.1.0/24'), /has 3 podCIDRs \(10\.0\.0\.0\/24, /);
  for (const junk of ['', 'x', '10.0.0.0', '10.0.0.0/33', '10.0.0/24', '10.0.0.0/0', '10.0.0.1/32', '::/129'])
    assert.match(reasonOf(junk), /which is not a subnet/, junk);
  assert.deepEqual(readPodCidrs({ metadata: { name: 'a', resourceVersion: '1' } }).kind, 'none');
  const old = { metadata: { name: 'a', resourceVersion: '1' }, spec: { podCIDR: '10.50.4.0/24' } };
  assert.equal(readPodCidrs(old).kind, 'assigned');
});

test('a heartbeat is not a change, and a Node without annotations is not a peer', () => {
  const book = new NodeBook(names);
  assert.deepEqual(book.take(makeNode('plain', ['10.50.1.0/24'], null)), []);
  const node = makeNode('a', ['10.50.4.0/24']);
  assert.deepEqual(
    book.take(node).map(({ kind }) => kind),
    ['put'],
  );
  const later = { ...node, metadata: { ...node.metadata, resourceVersion: '2' }, status: { conditions: [] } };
  assert.deepEqual(book.take(later), []);
  assert.deepEqual(book.drop('plain'), []);
  assert.deepEqual(book.drop('a'), [{ kind: 'delete', key: '10.50.4.0-24' }]);
  assert.deepEqual(book.drop('a'), []);
});

test('a Node with more annotations than a lease can have is not a lease, and keeps its range', () => {
  const annotated = (bytes: number) => ({
    [names.managed]: 'true',
    [names.backendType]: 'vxlan',
    [names.publicIp]: '172.30.0.1',
    [names.backendData]: JSON.stringify('x'.repeat(bytes)),
  });
  for (const [bytes, kind] of [
    [60_000, 'put'],
    [65_536, 'fault'],
    [200_000, 'fault'],
  ] as const) {
    const [change] = new NodeBook(names).take(makeNode('a', ['10.50.4.0/24'], annotated(bytes)));
    assert.ok(change);
    assert.equal(change.kind, kind, String(bytes));
    if (change.kind !== 'fault') continue;
    assert.match(change.fault.reason, /longer than 65536 characters$/);
    assert.equal(change.fault.key, '10.50.4.0-24');
  }
});

test('an annotation cannot move a Node into the subnet of another', () => {
  const book = new NodeBook(names);
  book.take(makeNode('a', ['10.50.4.0/24']));
  const liar = makeNode('b', ['10.50.5.0/24'], {
    [names.managed]: 'true',
    [`${prefix}subnet`]: '10.50.4.0/24',
    [names.backendData]: '{"Subnet":"10.50.4.0/24"}',
  });
  book.take(liar);
  assert.deepEqual(
    book.records.map(({ key }) => key),
    ['10.50.4.0-24', '10.50.5.0-24'],
  );
});

const states = fc.record({
  name: fc.constantFrom('a', 'b', 'c', 'd'),
  gone: fc.boolean(),
  cidr: fc.constantFrom('10.50.1.0/24', '10.50.2.0/24', '10.50.3.0/24', 'junk', ''),
  managed: fc.constantFrom('true', 'false'),
  data: fc.constantFrom('1', '2', '{'),
});

/** Stands for a lease that cannot be read any more. Its last good state stays. */
const unreadable = 'unreadable';

function keptBy(book: NodeBook): (readonly [key: string, value: string])[] {
  const faults = book.faults.flatMap(({ key }) => (key === undefined ? [] : [[key, unreadable] as const]));
  return [...book.records.map(({ key, value }) => [key, value] as const), ...faults];
}

test('the changes lead to what a list of the same Nodes holds, and no key is held twice', () => {
  fc.assert(
    fc.property(fc.array(states, { maxLength: 30 }), (steps) => {
      const book = new NodeBook(names);
      const leases = new Map<string, string>();
      const nodes = new Map<string, NodeObject>();
      for (const { name, gone, cidr, managed, data } of steps) {
        const annotations = { [names.managed]: managed, [names.backendData]: data };
        const node = makeNode(name, cidr === '' ? [] : [cidr], annotations);
        if (gone) nodes.delete(name);
        else nodes.set(name, node);
        for (const change of gone ? book.drop(name) : book.take(node)) {
          if (change.kind === 'put') leases.set(change.record.key, change.record.value);
          if (change.kind === 'delete') leases.delete(change.key);
          if (change.kind === 'fault' && change.fault.key !== undefined)
            leases.set(change.fault.key, unreadable);
        }
      }
      const kept = keptBy(book);
      const held = new Map(kept);
      assert.equal(held.size, kept.length);
      assert.deepEqual([...leases].sort(), [...held].sort());
      const fresh = new NodeBook(names);
      for (const node of nodes.values()) fresh.take(node);
      assert.deepEqual(
        keptBy(fresh)
          .map(([key]) => key)
          .sort(),
        [...held.keys()].sort(),
      );
    }),
  );
});
