import type { Findings } from '../../diagnostic/findings.ts';
import type { LocatedValue } from '../../diagnostic/located-value.ts';
import { isReservedVariable } from '../reserved-variables.ts';
import { describeKind, openingBrace, type JsonMember, type ObjectNode } from '../json/json-tree.ts';
import { backendKeys, parameterKeys } from '../keys.ts';
import { checkParameterValue } from './parameter-value.ts';
import { readKeys, requireKeys, type KeyReading } from './read-keys.ts';
import { readPattern } from './read-pattern.ts';
import { settleKeys } from './settle-keys.ts';
import type { Parameter } from '../recipe.ts';
import { namePattern, variableName } from './variable-name.ts';
import { VariableNames } from './variable-names.ts';

/** The parameters that a recipe declares. */
export interface DeclaredParameters {
  /** Those whose declaration is right. */
  readonly parameters: readonly Parameter[];
  /** All that are declared, by name, even those whose declaration was refused. */
  readonly declarations: ReadonlyMap<string, Declaration>;
}

/** The certain facts about a parameter, even if its declaration is wrong. */
interface Declaration {
  /** Undefined if the name cannot be made into a variable. */
  readonly variable: string | undefined;
  readonly isSecret: boolean;
}

/** Reads `Backend.Parameters`. */
export function readParameters(object: ObjectNode | undefined, findings: Findings): DeclaredParameters {
  const members = (object?.members ?? []).map((member) => settleDeclaration(member, findings));
  const names = new VariableNames('parameter', findings);
  const parameters = members.flatMap((member) => {
    checkName(member, names, findings);
    if (isSecret(member)) redactDefault(member, findings);
    const parameter = readParameter(member, findings);
    return parameter === undefined ? [] : [parameter];
  });
  const declarations = members.map((member): [string, Declaration] => {
    const variable = namePattern.test(member.key) ? variableName(member.key) : undefined;
    return [member.key, { variable, isSecret: isSecret(member) }];
  });
  return { parameters, declarations: new Map(declarations) };
}

function settleDeclaration(member: JsonMember, findings: Findings): JsonMember {
  const { key, value } = member;
  if (value.kind !== 'object') return member;
  const known = { names: Object.keys(parameterKeys), path: parameterPath(key) };
  return { ...member, value: settleKeys(value, known, findings).object };
}

function parameterPath(name: string): string {
  return `Backend.Parameters.${name}`;
}

/** Whether the author meant the values to be kept out of every report. Where that cannot be told, they are. */
function isSecret({ value: node }: JsonMember): boolean {
  const secret = node.kind === 'object' ? node.members.find(({ key }) => key === 'Secret')?.value : undefined;
  return secret !== undefined && !(secret.kind === 'scalar' && secret.value === false);
}

function redactDefault({ value: node }: JsonMember, findings: Findings): void {
  if (node.kind !== 'object') return;
  for (const { key, value } of node.members) if (key === 'Default') findings.redact(value.span);
}

/** A parameter's name becomes a key of `Backend` and an environment variable: it must be free as both. */
function checkName(member: JsonMember, names: VariableNames, findings: Findings): void {
  const { key, keySpan } = member;
  if (Object.hasOwn(backendKeys, key)) {
    findings.error(
      'reserved-name',
      keySpan,
      `\`${key}\` is a key of \`Backend\` itself`,
      'choose another name',
    );
    return;
  }
  const variable = names.claim(member);
  if (variable === undefined || !isReservedVariable(variable)) return;
  const message = `parameter \`${key}\` would become the variable \`${variable}\`, which is already in use`;
  findings.error('reserved-name', keySpan, message, 'choose another name');
}

function readParameter({ key: name, value: node }: JsonMember, findings: Findings): Parameter | undefined {
  const path = parameterPath(name);
  if (node.kind === 'unread') return undefined;
  if (node.kind !== 'object') {
    const hint = 'write at least `{ "Type": "string" }`';
    const message = `\`${path}\` must be an object, not ${describeKind(node)}`;
    findings.error('wrong-type', node.span, message, hint);
    return undefined;
  }
  const read = readKeys(node, parameterKeys, path, findings);
  requireKeys(read.given, parameterKeys, path, openingBrace(node), findings);
  const { values } = read;
  if (values.Type === undefined) return undefined;
  const parameter: Parameter = {
    name,
    variable: variableName(name),
    type: values.Type.value,
    default: undefined,
    minimum: values.Minimum?.value,
    maximum: values.Maximum?.value,
    pattern: readPattern(values.Pattern, `${path}.Pattern`, findings),
    choices: values.Choices?.value,
    secret: values.Secret?.value ?? false,
    description: values.Description?.value,
  };
  checkType(parameter, values.Type, findings);
  checkBounds(parameter, read, path, findings);
  return { ...parameter, default: readDefault(parameter, values.Default, path, findings) };
}

/** The overlay's MTU is calculated from it, so it must be a number. */
function checkType(parameter: Parameter, type: LocatedValue<string>, findings: Findings): void {
  if (parameter.name !== 'MTU' || parameter.type === 'integer') return;
  findings.error(
    'parameter-bound',
    type.span,
    'parameter `MTU` must be an integer: it is the underlay’s MTU',
  );
}

/** The type of parameter for each bound. */
const typeOfBound = { Minimum: 'integer', Maximum: 'integer', Pattern: 'string', Choices: 'string' } as const;

function checkBounds(
  parameter: Parameter,
  { values }: KeyReading<typeof parameterKeys>,
  path: string,
  findings: Findings,
): void {
  for (const bound of ['Minimum', 'Maximum', 'Pattern', 'Choices'] as const) {
    const given = values[bound];
    if (given === undefined || typeOfBound[bound] === parameter.type) continue;
    const message = `\`${path}.${bound}\` limits ${typeOfBound[bound]}s, but this parameter is of type ${parameter.type}`;
    findings.error('parameter-bound', given.keySpan, message, 'remove it, or change the type');
  }
  const { minimum, maximum } = parameter;
  if (values.Maximum && minimum !== undefined && maximum !== undefined && minimum > maximum) {
    const message = `\`${path}.Maximum\` ${maximum} is less than its minimum ${minimum}`;
    findings.error('parameter-bound', values.Maximum.span, message);
  }
}

function readDefault(
  parameter: Parameter,
  given: LocatedValue<Parameter['default']> | undefined,
  path: string,
  findings: Findings,
): Parameter['default'] {
  if (given?.value === undefined) return undefined;
  const checked = checkParameterValue(parameter, given.value);
  if (checked.kind === 'accepted') return checked.value;
  findings.error('parameter-value', given.span, `\`${path}.Default\` ${checked.reason}`);
  return undefined;
}
