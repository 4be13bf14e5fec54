import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  drawTopology,
  tunnelArc,
  type DrawnBox,
  type DrawnCable,
  type DrawnPoint,
} from '../../src/page/view/draw-topology.ts';
import type { PageTopology } from '../../src/page/model.ts';
import { topologyOf } from './lab-of-twenty.ts';

/** Whether two boxes have a point in common. */
function overlap(one: DrawnBox, other: DrawnBox): boolean {
  return (
    Math.abs(one.x - other.x) * 2 < one.width + other.width &&
    Math.abs(one.y - other.y) * 2 < one.height + other.height
  );
}

/** The side of the line from `a` to `b` on which a point is. */
function side(a: DrawnPoint, b: DrawnPoint, point: DrawnPoint): number {
  return Math.sign((b.x - a.x) * (point.y - a.y) - (b.y - a.y) * (point.x - a.x));
}

function cross(one: DrawnCable, other: DrawnCable): boolean {
  return (
    side(one.from, one.to, other.from) * side(one.from, one.to, other.to) < 0 &&
    side(other.from, other.to, one.from) * side(other.from, other.to, one.to) < 0
  );
}

/** The pairs of a list of which something is true. */
function pairsThat<T>(
  all: readonly T[],
  isTrue: (one: T, other: T) => boolean,
): readonly (readonly [T, T])[] {
  return all.flatMap((one, index) =>
    all.slice(index + 1).flatMap((other) => (isTrue(one, other) ? [[one, other] as const] : [])),
  );
}

for (const underlay of ['switched', 'routed'] as const) {
  for (const count of [1, 2, 20]) {
    test(`${count} nodes, ${underlay}: no two boxes overlap, no two cables cross, all is inside`, () => {
      const topology = topologyOf(count, underlay);
      const { boxes, cables, width, height } = drawTopology(topology);
      assert.equal(boxes.length, count + 1);
      assert.equal(cables.length, count);
      assert.deepEqual(pairsThat(boxes, overlap), []);
      assert.deepEqual(pairsThat(cables, cross), []);
      for (const box of boxes) {
        assert.ok(box.x - box.width / 2 >= 0 && box.x + box.width / 2 <= width, box.name);
        assert.ok(box.y - box.height / 2 >= 0 && box.y + box.height / 2 <= height, box.name);
      }
    });
  }
}

const link = (host: string, segment: string) => ({
  name: `${host}:${segment}`,
  segment,
  port: `${host}-${segment}`,
});

/** Two segments with two nodes each, and a third between two routers; node5 has a link to both of the first. */
const severalSegments: PageTopology = {
  segments: ['left', 'middle', 'right'].map((name) => ({ name, isCable: false })),
  hosts: [
    ...['node1', 'node2'].map((name) => ({ name, kind: 'node' as const, links: [link(name, 'left')] })),
    ...['node3', 'node4'].map((name) => ({ name, kind: 'node' as const, links: [link(name, 'right')] })),
    { name: 'node5', kind: 'node', links: [link('node5', 'left'), link('node5', 'right')] },
    { name: 'router1', kind: 'router', links: [link('router1', 'left'), link('router1', 'middle')] },
    { name: 'router2', kind: 'router', links: [link('router2', 'right'), link('router2', 'middle')] },
  ],
};

test('several segments and routers: each link is a cable between its host and its segment, no two boxes overlap', () => {
  const { boxes, cables, width, height } = drawTopology(severalSegments);
  assert.deepEqual(
    cables.flatMap(({ names }) => names).toSorted(),
    severalSegments.hosts.flatMap(({ links }) => links.map(({ name }) => name)).toSorted(),
  );
  assert.equal(boxes.length, 10);
  assert.deepEqual(pairsThat(boxes, overlap), []);
  const touches = (box: DrawnBox | undefined, { x, y }: DrawnPoint): boolean =>
    box !== undefined &&
    Math.abs(x - box.x) * 2 <= box.width + 0.2 &&
    Math.abs(Math.abs(y - box.y) * 2 - box.height) <= 0.2;
  for (const { names, host, segment, from, to } of cables) {
    assert.ok(
      touches(
        boxes.find(({ name }) => name === host),
        from,
      ),
      `${names.join()} at its host`,
    );
    assert.ok(
      touches(
        boxes.find(({ name }) => name === segment),
        to,
      ),
      `${names.join()} at its segment`,
    );
  }
  for (const box of boxes) {
    assert.ok(box.x - box.width / 2 >= 0 && box.x + box.width / 2 <= width, box.name);
    assert.ok(box.y - box.height / 2 >= 0 && box.y + box.height / 2 <= height, box.name);
  }
});

test('the nodes stand in one row, in their own order', () => {
  const nodes = drawTopology(topologyOf(20, 'switched')).boxes.filter(({ kind }) => kind === 'node');
  assert.equal(new Set(nodes.map(({ y }) => y)).size, 1);
  assert.deepEqual(
    nodes.toSorted((one, other) => one.x - other.x).map(({ name }) => name),
    nodes.map((_, index) => `node${index + 1}`),
  );
});

test('an arc goes from node to node, the same both ways, and no higher than the drawing', () => {
  const nodes = drawTopology(topologyOf(20, 'switched')).boxes.filter(({ kind }) => kind === 'node');
  for (const [one, other] of pairsThat(nodes, () => true)) {
    assert.equal(tunnelArc(one, other), tunnelArc(other, one));
    const numbers =
      tunnelArc(one, other)
        .match(/-?[\d.]+/g)
        ?.map(Number) ?? [];
    const [fromX, top = 0, , control = 0, , , toX] = numbers;
    assert.deepEqual([fromX, toX].sort(), [one.x, other.x].sort());
    assert.ok(top + (control - top) * 0.75 >= 0, `${one.name} ${other.name}`);
  }
});
