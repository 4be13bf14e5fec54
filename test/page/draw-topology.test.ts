import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  drawTopology,
  tunnelArc,
  type DrawnBox,
  type DrawnCable,
  type DrawnPoint,
} from '../../src/page/view/draw-topology.ts';
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
