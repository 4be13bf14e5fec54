import type { StoreChoice, StoreKinds, StoreOption } from './kind.ts';
import { storeKindOf, storeKinds } from './kinds.ts';

/** The text that replaces a secret in a file. */
const leftOut = '';

/** Removes the secrets from a choice, before it is kept in a file. */
export function withoutSecrets(choice: StoreChoice, kinds = storeKinds): StoreChoice {
  return replaceSecrets(choice, kinds, () => leftOut);
}

/** Completes a choice from a file with the secrets in the variables of their options. */
export function withSecrets(
  choice: StoreChoice,
  environment: NodeJS.ProcessEnv,
  kinds = storeKinds,
): StoreChoice {
  return replaceSecrets(choice, kinds, (secret, { variable }) => {
    if (secret !== leftOut || variable === undefined) return secret;
    return environment[variable] ?? leftOut;
  });
}

/** The variables of the secrets that a choice has, whether they are in it or were left out. */
export function secretVariables(choice: StoreChoice, kinds = storeKinds): readonly string[] {
  const variables: string[] = [];
  replaceSecrets(choice, kinds, (secret, { variable }) => {
    if (variable !== undefined) variables.push(variable);
    return secret;
  });
  return variables;
}

function replaceSecrets(
  choice: StoreChoice,
  kinds: StoreKinds,
  replace: (secret: string, option: StoreOption) => string,
): StoreChoice {
  const copy = structuredClone(choice);
  for (const option of Object.values(storeKindOf(choice, kinds).options)) {
    if (option.secretField === undefined) continue;
    replaceText(copy, option.secretField, (secret) => replace(secret, option));
  }
  return copy;
}

/** Replaces the text at a path in a JSON value, if the path exists. */
function replaceText(value: unknown, path: readonly string[], replace: (text: string) => string): void {
  const [name, ...rest] = path;
  if (name === undefined || typeof value !== 'object' || value === null) return;
  const fields = value as Record<string, unknown>;
  const field = fields[name];
  if (rest.length > 0) replaceText(field, rest, replace);
  else if (typeof field === 'string') fields[name] = replace(field);
}
