import type { Findings } from '../../diagnostic/findings.ts';
import type { RecipeOutline } from '../outline.ts';

/** Reports a SubnetAddCommand whose work nothing undoes. */
export function checkPairs({ commandKeys }: RecipeOutline, findings: Findings): void {
  const { SubnetAddCommand: add, SubnetRemoveCommand: remove } = commandKeys;
  if (add === undefined || remove !== undefined) return;
  const message =
    '`SubnetRemoveCommand` is missing: the entries that `SubnetAddCommand` creates for a peer are never removed';
  findings.warning(
    'add-without-remove',
    add,
    message,
    'add a `SubnetRemoveCommand` that removes these entries',
  );
}
