import { randomBytes } from 'node:crypto';
import type { ParameterOverride } from '../recipe/parameters.ts';
import type { Recipe } from '../recipe/recipe.ts';

/** The bytes of a secret. In hexadecimal, it is as long as the longest that a shipped recipe requires. */
const secretBytes = 48;

/**
 * A random value for each secret parameter that needs a value and was not given one: the nodes of a lab only have to agree on it.
 * A secret whose pattern does not allow the value is left out.
 *
 * @param given what the user gave
 */
export function makeSecrets(
  { parameters, parameterValues }: Pick<Recipe, 'parameters' | 'parameterValues'>,
  given: readonly ParameterOverride[],
): readonly ParameterOverride[] {
  const names = new Set([...Object.keys(parameterValues), ...given.map(({ name }) => name)]);
  return parameters
    .filter(({ secret, default: fallback }) => secret && fallback === undefined)
    .filter(({ name, variable }) => !names.has(name) && !names.has(variable))
    .map(({ name, pattern }) => ({ name, pattern, text: randomBytes(secretBytes).toString('hex') }))
    .filter(({ pattern, text }) => pattern?.test(text) ?? true)
    .map(({ name, text }) => ({ name, text, origin: 'from the lab' }));
}
