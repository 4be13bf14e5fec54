import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ComponentChildren, VNode } from 'preact';
import type { PageNode } from '../../src/page/model.ts';
import { NodeView } from '../../src/page/app/node-view.ts';
import { drawNode } from '../../src/page/view/draw-node.ts';

const hostile = '<img src=x onerror=alert(1)>';

/** A node whose peers have these states. */
function nodeWith(states: readonly string[], peerCount = states.length): PageNode {
  return {
    state: 'degraded',
    because: 'a peer is failing',
    node: hostile,
    facts: [['subnet', '10.50.1.0/24']],
    storeOutage: null,
    parts: [],
    peers: states.map((state, index) => ({
      subnet: `10.50.${index + 2}.0/24`,
      publicIp: `172.30.0.${index + 2}`,
      state,
      trouble: null,
    })),
    peerCount,
    concerns: [],
    rejections: [],
  };
}

/** The texts of what a component makes, without a browser. The components here are functions without a state. */
function textsOf(children: ComponentChildren): readonly string[] {
  if (Array.isArray(children)) return children.flatMap((child: ComponentChildren) => textsOf(child));
  if (typeof children === 'string' || typeof children === 'number') return [String(children)];
  if (children === null || typeof children !== 'object' || !('props' in children)) return [];
  const { type, props } = children as VNode<object>;
  if (typeof type !== 'function') return textsOf((props as { children?: ComponentChildren }).children);
  return textsOf((type as (given: object) => ComponentChildren)(props));
}

test('a node is drawn with its subnet and its peers, and those that fail come first', () => {
  const { node, peers, omitted, label } = drawNode(nodeWith(['in-place', 'pending', 'in-place', 'failing']));
  assert.deepEqual(node.lines, [hostile, 'degraded', '10.50.1.0/24']);
  assert.deepEqual(
    peers.map(({ lines, tunnel }) => [...lines, tunnel]),
    [
      ['10.50.3.0/24', '172.30.0.3, pending', 'unknown'],
      ['10.50.5.0/24', '172.30.0.5, failing', 'fails'],
      ['10.50.2.0/24', '172.30.0.2, in-place', 'works'],
      ['10.50.4.0/24', '172.30.0.4, in-place', 'works'],
    ],
  );
  assert.equal(omitted, 0);
  assert.equal(label, `The node ${hostile} and 4 of its 4 peers: 2 in place, 2 not`);
});

test('of many peers twenty are drawn, one below the other, inside the drawing', () => {
  for (const count of [0, 1, 20, 500]) {
    const states = Array.from({ length: count }, () => 'in-place');
    const { peers, node, omitted, width, height } = drawNode(nodeWith(states, 2 * count));
    assert.equal(peers.length, Math.min(count, 20));
    assert.equal(omitted, 2 * count - peers.length);
    for (const box of [node, ...peers]) {
      assert.ok(box.x - box.width / 2 >= 0 && box.x + box.width / 2 <= width, String(count));
      assert.ok(box.y - box.height / 2 >= 0 && box.y + box.height / 2 <= height, String(count));
    }
    for (const [index, peer] of peers.slice(1).entries())
      assert.ok(peer.y - peer.height / 2 > (peers[index]?.y ?? 0) + peer.height / 2, String(count));
  }
});

test('the page of a node says what it does not have, and where that is', () => {
  const texts = textsOf(NodeView({ status: nodeWith(['in-place'], 3) }));
  const absent = texts.find((text) => text.includes('does not have'));
  assert.match(absent ?? '', /a drawing of the underlay, a matrix .* packet or the objects in the kernel/);
  assert.match(absent ?? '', /heddle lab up --page.*heddle status/);
  assert.ok(texts.includes(`${hostile.slice(0, 20)}…`), 'the name as text');
  assert.ok(texts.includes(' 2 more peers are not drawn.'), texts.join('\n'));
});
