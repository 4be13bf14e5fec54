import { Findings } from '../../diagnostic/findings.ts';
import { parseJsonObject, type JsonNode, type JsonMember } from '../json/json-tree.ts';
import type { Recipe } from '../recipe.ts';

/** The keys of `Backend` with their places, which a recipe itself does not hold. */
export function readBackendMembers({ source }: Recipe): readonly JsonMember[] {
  const root = parseJsonObject(source, new Findings(source));
  return membersOf(root?.members.find(({ key }) => key === 'Backend')?.value);
}

/** Keeps the values of secret parameters out of code frames, as reading the recipe does. */
export function redactSecrets(recipe: Recipe, members: readonly JsonMember[], findings: Findings): void {
  const declared = membersOf(members.find(({ key }) => key === 'Parameters')?.value);
  for (const { name } of recipe.parameters.filter(({ secret }) => secret)) {
    const own = members.filter(({ key }) => key === name);
    const usual = membersOf(declared.find(({ key }) => key === name)?.value).filter(
      ({ key }) => key === 'Default',
    );
    for (const { value } of [...own, ...usual]) findings.redact(value.span);
  }
}

function membersOf(node: JsonNode | undefined): readonly JsonMember[] {
  return node?.kind === 'object' ? node.members : [];
}
