import {
  compareStates,
  describeObject,
  inDeletionOrder,
  type StateObject,
} from '../../plan/kernel/kernel-state.ts';
import type { PromiseBench } from '../bench/bench.ts';
import { runInNode } from '../bench/node-state.ts';
import { kept, type PromiseOutcome } from '../../plan/outcome.ts';
import type { PromiseRow } from '../promise.ts';
import { describeKinds } from './exact.ts';

/** The number of objects that did not come back after which no more are tried. */
const mostFailures = 2;

export const drift: PromiseRow = {
  id: 'drift',
  sentence: 'Each object that disappears from the kernel comes back',
  means: [
    {
      command: 'CheckCommand',
      because: 'heddle cannot see that an entry is gone',
    },
  ],
  async run(bench): Promise<PromiseOutcome> {
    await bench.settle();
    const { boot, full } = bench.moments;
    const objects = inDeletionOrder(compareStates(boot, full).added);
    const failures: string[] = [];
    const restored: StateObject[] = [];
    for (const object of objects) {
      const result = await deleteObject(bench, object);
      if (result === 'restored') restored.push(object);
      else if (result !== 'in use') {
        failures.push(result.failure);
        if (failures.length >= mostFailures) break;
        await bench.settle();
      }
    }
    if (failures.length > 0) return bench.blame('CheckCommand', failures.join('; '));
    return kept(
      objects.length === 0
        ? 'the recipe makes nothing that the kernel shows'
        : describeKinds(restored.map(({ kind }) => kind)),
    );
  },
};

/** The end of the deletion of an object: it came back, or the kernel refused the deletion, or it did not come back as it was. */
type Deletion = 'restored' | 'in use' | { readonly failure: string };

async function deleteObject(bench: PromiseBench, object: StateObject): Promise<Deletion> {
  try {
    await runInNode(bench.observed.holder, object.remove);
  } catch {
    // The kernel refuses to delete a chain that a rule still uses.
    return 'in use';
  }
  const missing = await bench.becomes(bench.moments.full);
  if (missing === undefined) return 'restored';
  return {
    failure: `${describeObject(object)} was deleted and did not come back as it was: the node ${missing}`,
  };
}
