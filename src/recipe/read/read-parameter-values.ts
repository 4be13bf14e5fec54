import type { Findings } from '../../diagnostic/findings.ts';
import { isWhole, toJson, type JsonMember } from '../json/json-tree.ts';
import { checkParameterValue, describeParameter } from './parameter-value.ts';
import type { DeclaredParameters } from './read-parameters.ts';
import type { ParameterValue } from '../recipe.ts';

/** Reads the values that `Backend` gives to declared parameters. Passes over its other keys. */
export function readParameterValues(
  members: readonly JsonMember[],
  { parameters, declarations }: DeclaredParameters,
  findings: Findings,
): Readonly<Record<string, ParameterValue>> {
  const values: [string, ParameterValue][] = [];
  for (const { key, value } of members) {
    if (declarations.get(key)?.isSecret) findings.redact(value.span);
    const parameter = parameters.find(({ name }) => name === key);
    if (parameter === undefined || !isWhole(value)) continue;
    const checked = checkParameterValue(parameter, toJson(value));
    if (checked.kind === 'accepted') values.push([parameter.name, checked.value]);
    else {
      const message = `parameter \`${parameter.name}\` ${checked.reason}`;
      findings.error('parameter-value', value.span, message, describeParameter(parameter));
    }
  }
  return Object.fromEntries(values);
}
