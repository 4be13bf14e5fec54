import type { Findings } from '../../diagnostic/findings.ts';
import type { JsonMember } from '../json/json-tree.ts';
import type { Recipe } from '../recipe.ts';

/** Reports a SubnetAddCommand whose work nothing undoes. */
export function checkPairs(recipe: Recipe, members: readonly JsonMember[], findings: Findings): void {
  const add = members.find(({ key }) => key === 'SubnetAddCommand');
  if (add === undefined || recipe.commands.SubnetRemoveCommand !== undefined) return;
  const message =
    '`SubnetAddCommand` has no `SubnetRemoveCommand` beside it: what is made for a peer outlives it';
  findings.warning('add-without-remove', add.keySpan, message, 'add one that takes away what this one makes');
}
