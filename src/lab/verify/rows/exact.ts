import { compareStates, describeDifference, inDeletionOrder } from '../../plan/kernel/kernel-state.ts';
import { kept, type PromiseOutcome } from '../../plan/outcome.ts';
import type { PromiseRow } from '../promise.ts';

export const exact: PromiseRow = {
  id: 'exact',
  sentence: 'A removed peer takes with it what its add made, and nothing else',
  means: [{ command: 'SubnetRemoveCommand', because: 'the entries of a peer that goes stay in the kernel' }],
  async run(bench): Promise<PromiseOutcome> {
    await bench.settle();
    const { base, full } = bench.moments;
    const made = compareStates(base, full);
    await bench.removeGuest();
    const left = await bench.becomes(base);
    if (left !== undefined) {
      return bench.blame(
        'SubnetRemoveCommand',
        `after a peer was removed, the node ${left}, compared with before its add`,
      );
    }
    await bench.putGuest();
    const other = await bench.becomes(full);
    if (other !== undefined) {
      return bench.blame(
        'SubnetAddCommand',
        `after the peer was added again, the node ${other}, compared with the first time`,
      );
    }
    const objects = inDeletionOrder(made.added);
    if (made.removed.length > 0) {
      return bench.blame(
        'SubnetAddCommand',
        `an add of a peer changes other objects: the node ${describeDifference(made)}`,
      );
    }
    return kept(
      objects.length === 0
        ? 'an add makes nothing that the kernel shows'
        : describeKinds(objects.map(({ kind }) => kind)),
    );
  },
};

/** Kinds with their numbers: `1 route, 2 fdb entries`. */
export function describeKinds(kinds: readonly string[]): string {
  return [...new Set(kinds)]
    .map((kind) => {
      const count = kinds.filter((each) => each === kind).length;
      return `${count} ${count === 1 ? kind : kind.replace(/y$/, 'ie').replace(/ss$/, 'sse')}${count === 1 ? '' : 's'}`;
    })
    .join(', ');
}
