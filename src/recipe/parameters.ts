import { suggestName } from '../diagnostic/nearest.ts';
import { quoteText } from '../diagnostic/visible-text.ts';
import type { Json } from './json/json.ts';
import { checkParameterValue, describeParameter, parseParameterText } from './read/parameter-value.ts';
import type { Parameter, ParameterValue, Recipe } from './recipe.ts';

/** Why a value cannot be used: one sentence, and what to do. */
interface ParameterProblem {
  readonly message: string;
  readonly hint?: string;
}

type ResolvedParameters =
  | { readonly kind: 'valid'; readonly values: Readonly<Record<string, ParameterValue>> }
  | { readonly kind: 'invalid'; readonly problems: readonly ParameterProblem[] };

/** A value that an operator gave to a parameter. */
export interface ParameterOverride {
  /** The parameter's name, or its variable. */
  readonly name: string;
  readonly text: string;
  /** The source, for messages: `from --param`. */
  readonly origin: string;
}

/** The operand of `--param` for a value that is to be taken as it stands. */
export function operandOf({ name, text }: ParameterOverride): string {
  return `${name}=${text.startsWith('@') ? '@' : ''}${text}`;
}

/** A value that somebody gave, and how to name it in a message. */
interface GivenValue {
  readonly name: string;
  readonly origin: string;
  /** Reads the value once it is known which parameter it is for. */
  readonly read: (parameter: Parameter) => Json;
}

/**
 * Settles every parameter of a recipe. What the operator gave goes before the store's network configuration, that before the
 * recipe's own `Backend`, and that before the default. A parameter that ends up without a value is refused; only `MTU`
 * may have none, which is then the interface's. All that is wrong is reported at once.
 *
 * @param storeValues the keys of the store's `Backend` that are neither `Type` nor a command
 * @param overrides what the operator gave; of two for one parameter the later counts
 */
export function resolveParameters(
  recipe: Pick<Recipe, 'name' | 'parameters' | 'parameterValues'>,
  storeValues: Readonly<Record<string, Json>>,
  overrides: readonly ParameterOverride[],
): ResolvedParameters {
  const problems: ParameterProblem[] = [];
  const refused = new Set<string>();
  const values = new Map<string, ParameterValue>(Object.entries(recipe.parameterValues));
  for (const given of [...readStoreValues(storeValues), ...overrides.map(readOverride)]) {
    const parameter = findParameter(recipe.parameters, given.name);
    if (parameter === undefined) problems.push(refuseUndeclared(recipe, given));
    else {
      const checked = checkParameterValue(parameter, given.read(parameter));
      if (checked.kind === 'accepted') values.set(parameter.name, checked.value);
      else {
        refused.add(parameter.name);
        problems.push(describeRefusal(given, parameter, checked.reason));
      }
    }
  }
  const settled: [string, ParameterValue][] = [];
  for (const parameter of recipe.parameters) {
    const value = values.get(parameter.name) ?? parameter.default;
    if (value !== undefined) settled.push([parameter.name, value]);
    else if (!refused.has(parameter.name) && parameter.name !== 'MTU') problems.push(demandValue(parameter));
  }
  if (problems.length > 0) return { kind: 'invalid', problems };
  return { kind: 'valid', values: Object.fromEntries(settled) };
}

function readStoreValues(storeValues: Readonly<Record<string, Json>>): GivenValue[] {
  return Object.entries(storeValues).map(([name, value]) => ({
    name,
    origin: 'in the store’s network configuration',
    read: () => value,
  }));
}

function readOverride({ name, text, origin }: ParameterOverride): GivenValue {
  return { name, origin, read: (parameter) => parseParameterText(parameter, text) };
}

/** The parameter of a name, or else of a variable, as an environment has it. */
function findParameter(parameters: readonly Parameter[], given: string): Parameter | undefined {
  return (
    parameters.find(({ name }) => name === given) ?? parameters.find(({ variable }) => variable === given)
  );
}

function refuseUndeclared(
  { name, parameters }: Pick<Recipe, 'name' | 'parameters'>,
  given: GivenValue,
): ParameterProblem {
  const names = parameters.map((parameter) => parameter.name);
  const message = `recipe ${name} does not have the parameter ${quoteText(given.name)}, which is set ${given.origin}`;
  const list = names.length === 0 ? 'it does not have parameters' : `its parameters are ${names.join(', ')}`;
  return { message, hint: suggestName(given.name, names) ?? list };
}

function describeRefusal(given: GivenValue, parameter: Parameter, reason: string): ParameterProblem {
  const message = `parameter \`${parameter.name}\` ${given.origin} ${reason}`;
  const hint = describeParameter(parameter);
  return hint === undefined ? { message } : { message, hint };
}

function demandValue({ name }: Parameter): ParameterProblem {
  return {
    message: `parameter \`${name}\` has no value`,
    hint: `give one with --param ${name}=VALUE, or as \`${name}\` in the recipe’s \`Backend\``,
  };
}
