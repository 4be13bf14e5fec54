import { quoteText } from '../../diagnostic/visible-text.ts';
import type { Json } from '../json/json.ts';
import type { Parameter, ParameterValue } from '../recipe.ts';

/** A value that a parameter may have, or what it must be instead: `must be a whole number of at least 1, not 0`. */
type CheckedValue =
  | { readonly kind: 'accepted'; readonly value: ParameterValue }
  | { readonly kind: 'refused'; readonly reason: string };

/** Checks a value against a parameter's type and bounds. The reason never shows the value of a secret. */
export function checkParameterValue(parameter: Parameter, value: Json): CheckedValue {
  if (isAllowed(parameter, value)) return { kind: 'accepted', value };
  const not = parameter.secret ? '' : `, not ${describeValue(value)}`;
  return { kind: 'refused', reason: `must be ${describeExpected(parameter)}${not}` };
}

/** The author's description of a parameter, as the hint of a refusal. */
export function describeParameter({ name, description }: Parameter): string | undefined {
  return description === undefined ? undefined : `${name}: ${description}`;
}

/** Reads a parameter's value as an operator types it: numbers in decimal, booleans as `true` or `false`. */
export function parseParameterText(parameter: Parameter, text: string): Json {
  switch (parameter.type) {
    case 'string':
      return text;
    case 'integer':
      return /^-?(0|[1-9]\d*)$/.test(text) ? Number(text) : text;
    case 'boolean':
      return text === 'true' || text === 'false' ? text === 'true' : text;
  }
}

function isAllowed(parameter: Parameter, value: Json): value is ParameterValue {
  switch (parameter.type) {
    case 'boolean':
      return typeof value === 'boolean';
    case 'integer':
      return (
        Number.isSafeInteger(value) &&
        Number(value) >= (parameter.minimum ?? -Infinity) &&
        Number(value) <= (parameter.maximum ?? Infinity)
      );
    case 'string':
      // One line at most: a value ends up in an environment variable, and from there in a command's arguments.
      return (
        typeof value === 'string' &&
        !/\p{Cc}/u.test(value) &&
        (parameter.choices?.includes(value) ?? true) &&
        (parameter.pattern?.test(value) ?? true)
      );
  }
}

function describeExpected({ type, minimum, maximum, choices, pattern }: Parameter): string {
  if (type === 'boolean') return '`true` or `false`';
  if (type === 'string') {
    if (choices !== undefined) return `one of ${choices.map((choice) => `\`${choice}\``).join(', ')}`;
    return pattern === undefined
      ? 'a string without control characters'
      : `a string that matches ${quoteText(pattern.source)}`;
  }
  if (minimum !== undefined && maximum !== undefined) return `a whole number from ${minimum} to ${maximum}`;
  if (minimum !== undefined) return `a whole number of at least ${minimum}`;
  return maximum === undefined ? 'a whole number' : `a whole number of at most ${maximum}`;
}

function describeValue(value: Json): string {
  if (value === '') return quoteText(value);
  return typeof value === 'string' ? `the string ${quoteText(value)}` : quoteText(JSON.stringify(value));
}
