import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  findNextHops,
  joinedSegments,
  type RoutingHost,
} from '../../../../src/lab/plan/underlay/find-routes.ts';

const router = (name: string, segments: readonly string[], outside?: string): RoutingHost => ({
  name,
  segments,
  outside,
});

test('the shortest way wins, and of ways of the same length the first router', () => {
  const routers = [
    router('far', ['a', 'c']),
    router('near', ['a', 'b']),
    router('twin', ['a', 'b']),
    router('end', ['c', 'b']),
  ];
  assert.deepEqual(
    [...findNextHops({ name: 'node1', segments: ['a'] }, routers)],
    [
      ['c', { router: 'far', on: 'a' }],
      ['b', { router: 'near', on: 'a' }],
    ],
  );
});

test('a host does not use itself as a router, nor a segment that it is on', () => {
  const routers = [router('one', ['a', 'b']), router('two', ['b', 'c'])];
  assert.deepEqual(
    [...findNextHops({ name: 'one', segments: ['a', 'b'] }, routers)],
    [['c', { router: 'two', on: 'b' }]],
  );
});

test('NAT has a way out only', () => {
  const routers = [router('box', ['home', 'internet'], 'internet')];
  assert.deepEqual([...findNextHops({ name: 'node1', segments: ['internet'] }, routers)], []);
  assert.deepEqual([...findNextHops({ name: 'node2', segments: ['home'] }, routers).keys()], ['internet']);
});

const names = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
const graphs = fc.array(fc.uniqueArray(names, { minLength: 2, maxLength: 3 }), { maxLength: 6 });

test('without NAT, a host has a way to exactly the segments that routers join, and each way gets there', () => {
  fc.assert(
    fc.property(graphs, names, (graph, start) => {
      const routers = graph.map((segments, index) => router(`r${index}`, segments));
      const hops = findNextHops({ name: 'node1', segments: [start] }, routers);
      const joined = joinedSegments([start], routers);
      assert.deepEqual([...hops.keys(), start].sort(), [...joined].sort());
      for (const target of hops.keys()) {
        let here: string = start;
        // From router to router, each time by the next hop of a host that is there.
        for (let steps = 0; here !== target; steps += 1) {
          assert.ok(steps < 7, `the way to ${target} has no end`);
          const hop = findNextHops({ name: 'node1', segments: [here] }, routers).get(target);
          const via = routers.find(({ name }) => name === hop?.router);
          assert.ok(via);
          assert.ok(via.segments.includes(here));
          const onwards = findNextHops({ name: via.name, segments: via.segments }, routers).get(target);
          here = onwards?.on ?? target;
        }
      }
    }),
    { seed: 18 },
  );
});
