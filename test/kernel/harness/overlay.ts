import type { TestContext } from 'node:test';
import type { Recipe } from '../../../src/recipe/recipe.ts';
import { startHosts } from './host-set.ts';
import { OverlayNode, type OverlayOptions } from './overlay-node.ts';

/** Three nodes of an overlay. */
type ThreeNodes = readonly [OverlayNode, OverlayNode, OverlayNode];

/** Makes three hosts that are gone when the test is over, each with a node that nothing was run on yet. */
export async function threeNodes(
  t: TestContext,
  recipe: Recipe,
  options: OverlayOptions = {},
  segments: readonly [number, number, number] = [1, 1, 1],
): Promise<ThreeNodes> {
  const set = await startHosts(segments);
  t.after(() => set.close());
  const [first, second, third] = set.hosts.map((host) => new OverlayNode(host, recipe, options));
  if (first === undefined || second === undefined || third === undefined)
    throw new Error('hosts are missing');
  return [first, second, third];
}

/** Three nodes, each a peer of the others. */
export async function joinedNodes(...given: Parameters<typeof threeNodes>): Promise<ThreeNodes> {
  const nodes = await threeNodes(...given);
  await join(nodes);
  return nodes;
}

/** Brings nodes up and makes each a peer of all others. */
async function join(nodes: readonly OverlayNode[]): Promise<void> {
  await Promise.all(nodes.map((node) => node.start()));
  await Promise.all(
    nodes.map(async (node) => {
      for (const peer of nodes) if (peer !== node) await node.add(peer);
    }),
  );
}

/** Runs every command on a node once: up, each peer, a check. */
export async function runAgain(node: OverlayNode, peers: readonly OverlayNode[]): Promise<void> {
  await node.start();
  for (const peer of peers) await node.add(peer);
  await node.check();
}
