import type { Findings } from '../../diagnostic/findings.ts';
import { suggestName } from '../../diagnostic/nearest.ts';
import { quoteText } from '../../diagnostic/visible-text.ts';
import { networkKeys } from '../../network/configuration-keys.ts';
import { toJson, type JsonMember } from '../json/json-tree.ts';
import { backendKeys } from '../keys.ts';
import { checkParameterValue, describeParameter } from './parameter-value.ts';
import { refuseUnknownKeys } from './read-keys.ts';
import type { DeclaredParameters } from './read-parameters.ts';
import type { ParameterValue } from '../recipe.ts';
import { namePattern } from './variable-name.ts';

/**
 * Reads the keys of `Backend` that are not its own: the values of declared parameters. Anything else is an unknown
 * key.
 */
export function readParameterValues(
  members: readonly JsonMember[],
  { parameters, names }: DeclaredParameters,
  findings: Findings,
): Readonly<Record<string, ParameterValue>> {
  const values: [string, ParameterValue][] = [];
  for (const member of members) {
    const parameter = parameters.find(({ name }) => name === member.key);
    if (parameter === undefined) continue;
    if (parameter.secret) findings.redact(member.value.span);
    const checked = checkParameterValue(parameter, toJson(member.value));
    if (checked.kind === 'accepted') values.push([parameter.name, checked.value]);
    else {
      const message = `parameter \`${parameter.name}\` ${checked.reason}`;
      findings.error('parameter-value', member.value.span, message, describeParameter(parameter));
    }
  }
  const unknown = members.filter(({ key }) => !names.has(key));
  const known = [...Object.keys(backendKeys), ...names];
  refuseUnknownKeys(unknown, known, 'Backend', findings, (key) => suggestPlace(key, known));
  return Object.fromEntries(values);
}

/** What to do about a key of `Backend` that is neither its own nor a declared parameter. */
function suggestPlace(key: string, known: readonly string[]): string | undefined {
  if (Object.hasOwn(networkKeys, key)) return `\`${key}\` belongs beside \`Backend\`, not in it`;
  const declare = `declare ${quoteText(key)} in \`Parameters\` if the commands use it, or remove it`;
  return suggestName(key, known) ?? (namePattern.test(key) ? declare : undefined);
}
