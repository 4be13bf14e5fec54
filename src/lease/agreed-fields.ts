import type { ParameterValue, Recipe } from '../recipe/recipe.ts';
import type { Peer } from './lease.ts';

/** A field of the backend data that must be the same on every node: a VNI, for example. */
export interface AgreedField {
  readonly name: string;
  /** The field's variable as in {@link Peer.fields}, without its prefix. */
  readonly variable: string;
  /** This node's value. */
  readonly value: string;
}

/**
 * The fields that must be the same on every node. A field counts if it has the name of a parameter and SubnetAddCommand does not use the
 * peer's value of it, because the command then assumes this node's value.
 */
export function agreedFields(
  { backendData, commands, parameters }: Pick<Recipe, 'backendData' | 'commands' | 'parameters'>,
  values: Readonly<Record<string, ParameterValue>>,
): AgreedField[] {
  const add = commands.SubnetAddCommand?.lines.map(({ text }) => text).join('\n');
  if (backendData.format === 'text' || add === undefined) return [];
  return backendData.fields.flatMap(({ name, variable }) => {
    const parameter = parameters.find((candidate) => candidate.name === name && !candidate.secret);
    const value = parameter && values[name];
    return value === undefined || usesField(add, name, variable)
      ? []
      : [{ name, variable, value: String(value) }];
  });
}

/** Whether shell text uses a field, from its variable or out of the JSON on stdin. */
function usesField(text: string, name: string, variable: string): boolean {
  return [`DATA_${variable}`, `DATA6_${variable}`, `.${name}`, `"${name}"`, `'${name}'`].some((use) =>
    text.includes(use),
  );
}

/** The first of these fields in which a peer differs, with the peer's value. */
export function findDisagreement(
  { fields }: Peer,
  agreed: readonly AgreedField[],
): { readonly name: string; readonly value: string } | undefined {
  for (const { name, variable, value: own } of agreed) {
    const values = [fields[`DATA_${variable}`], fields[`DATA6_${variable}`]];
    const value = values.find((other) => other !== undefined && other !== '' && other !== own);
    if (value !== undefined) return { name, value };
  }
  return undefined;
}
