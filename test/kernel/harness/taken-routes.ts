import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Recipe } from '../../../src/recipe/recipe.ts';
import { dumpState, watchKernel } from './kernel-state.ts';
import { joinedNodes } from './overlay.ts';

/** The metric of heddle's own route to 10.50.2.0/24: the address as a number. */
const ownMetric = 'metric 171049472';

/**
 * Tests that a recipe replaces routes that flannel left for the peer 10.50.2.0/24.
 *
 * @param beside the way of flannel's route in the test in which both routes exist
 */
export function testTakeOverOfRoutes(recipe: Recipe, beside: string): void {
  for (const options of ['', 'metric 5', 'metric 4000000000', ownMetric]) {
    test(`a route as flannel makes it, ${options === '' ? 'without a metric' : `with ${options}`}, is replaced without a moment in which there is none`, async (t) => {
      const [node1, node2, node3] = await joinedNodes(t, recipe);
      const before = await dumpState(node1.host);
      for (const replace of [() => node1.add(node2), () => node1.batch({ add: [node2, node3] })]) {
        await node1.host.sh(
          'ip route delete 10.50.2.0/24; ip link show other 2>/dev/null || ip link add other type bridge',
        );
        await node1.host.sh(`ip link set other up; ip route add 10.50.2.0/24 dev other ${options}`);
        assert.deepEqual(await node1.check(), ['10.50.3.0/24']);
        const told = await watchKernel(node1.host, async () => {
          await replace();
        });
        const [first, ...rest] = told.filter((line) => line.includes('10.50.2.0/24'));
        assert.match(first ?? '', /^10\.50\.2\.0\/24 via .* metric 171049472/, told.join('\n'));
        assert.deepEqual(
          rest.map((line) => line.startsWith('Deleted 10.50.2.0/24 dev other ')),
          options === ownMetric ? [] : [true],
        );
        await node1.host.sh('ip link delete other');
        assert.deepEqual(await dumpState(node1.host), before);
        assert.deepEqual(await node1.check(), ['10.50.2.0/24', '10.50.3.0/24']);
      }
    });
  }

  test('a route of flannel next to the own one is removed', async (t) => {
    const [node1, node2, node3] = await joinedNodes(t, recipe);
    const before = await dumpState(node1.host);
    for (const replace of [() => node1.add(node2), () => node1.batch({ add: [node2, node3] })]) {
      await node1.host.sh(`ip route add 10.50.2.0/24 ${beside}`);
      assert.deepEqual(await node1.check(), ['10.50.3.0/24']);
      await replace();
      assert.deepEqual(await dumpState(node1.host), before);
    }
  });
}
