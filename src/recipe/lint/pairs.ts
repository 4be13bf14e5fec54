import type { Findings } from '../../diagnostic/findings.ts';
import type { RecipeOutline } from '../outline.ts';

/** Reports a SubnetAddCommand whose work nothing undoes. */
export function checkPairs({ commandKeys }: RecipeOutline, findings: Findings): void {
  const { SubnetAddCommand: add, SubnetRemoveCommand: remove } = commandKeys;
  if (add === undefined || remove !== undefined) return;
  const message =
    '`SubnetAddCommand` has no `SubnetRemoveCommand` beside it: what is made for a peer outlives it';
  findings.warning('add-without-remove', add, message, 'add one that takes away what this one makes');
}
