import type { StoreChoice, StoreKinds, StoreOption } from './kind.ts';
import { storeKindOf, storeKinds } from './kinds.ts';

/** Stands in a file where a secret stood in the choice. */
const leftOut = '';

/** A choice without its secrets, to be kept in a file. */
export function withoutSecrets(choice: StoreChoice, kinds = storeKinds): StoreChoice {
  return replaceSecrets(choice, kinds, () => leftOut);
}

/** A choice from a file, with those secrets that the variables of their options hold. */
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

/** Replaces the text at a path in a JSON value, if there is one. */
function replaceText(value: unknown, path: readonly string[], replace: (text: string) => string): void {
  const [name, ...rest] = path;
  if (name === undefined || typeof value !== 'object' || value === null) return;
  const fields = value as Record<string, unknown>;
  const field = fields[name];
  if (rest.length > 0) replaceText(field, rest, replace);
  else if (typeof field === 'string') fields[name] = replace(field);
}
