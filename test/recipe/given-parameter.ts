import type { ParameterOverride } from '../../src/recipe/parameters.ts';

/** What `--param NAME=VALUE` gives. */
export function given(operand: string): ParameterOverride {
  const [name = ''] = operand.split('=');
  return { name, text: operand.slice(name.length + 1), origin: 'from --param' };
}
