import type { DiagnosticCode } from '../../diagnostic/codes.ts';
import type { Findings } from '../../diagnostic/findings.ts';
import { suggestName } from '../../diagnostic/nearest.ts';
import type { SourceText } from '../../diagnostic/source.ts';
import { quoteText } from '../../diagnostic/visible-text.ts';
import type { JsonMember, JsonNode, ObjectNode } from '../json/json-tree.ts';
import { backendKeys, recipeKeys } from '../keys.ts';
import { commandNames } from '../recipe.ts';
import { joinPath } from '../read/read-keys.ts';
import { flannelKeysOf, flannelTypeOf, isUnsetByZero } from './backend-types.ts';
import { matchGoName } from './go-names.ts';
import { isNull, readGoValue, type GoType, type GoValue } from './go-values.ts';

/**
 * The codes of liberties: warnings about what flannel reads in another way than it is written. All else that
 * {@link understandDocument} reports is an error.
 */
export const libertyCodes: readonly DiagnosticCode[] = [
  'other-case',
  'repeated-key',
  'passed-over',
  'address-form',
  'no-value',
];

/** The types of the keys at the top of a configuration, flannel's `subnet.Config`. */
const topTypes: Readonly<Record<string, GoType>> = {
  EnableIPv4: 'bool',
  EnableIPv6: 'bool',
  EnableNFTables: 'bool',
  Network: 'ipv4-network',
  IPv6Network: 'ipv6-network',
  SubnetMin: 'ipv4-address',
  SubnetMax: 'ipv4-address',
  IPv6SubnetMin: 'ipv6-address',
  IPv6SubnetMax: 'ipv6-address',
  SubnetLen: 'uint',
  IPv6SubnetLen: 'uint',
};

const rangeKeys = {
  EnableIPv4: ['Network', 'SubnetLen', 'SubnetMin', 'SubnetMax'],
  EnableIPv6: ['IPv6Network', 'IPv6SubnetLen', 'IPv6SubnetMin', 'IPv6SubnetMax'],
} as const;

/**
 * Reads a network configuration as flannel 0.28.9 reads it, and returns it in the one form that heddle's readers know: each
 * key once and in its own case, every value as flannel takes it, and nothing that flannel passes over. The spans stay those
 * of the text. Reports each liberty as a warning, and as an error each value that flannel refuses.
 *
 * @param root read with repeated keys kept
 * @param declared the parameters of the recipe that is to run, if it is known: nothing else in `Backend` has an effect
 */
export function understandDocument(
  root: ObjectNode,
  source: SourceText,
  declared: readonly string[] | undefined,
  findings: Findings,
): ObjectNode {
  hideParameters(root, findings);
  const top = readMembers(
    root,
    {
      path: '',
      source,
      names: Object.keys(recipeKeys),
      typeOf: (key) => topTypes[key] ?? 'raw',
      isWithoutValue: () => false,
      passesOverOthers: true,
    },
    findings,
  );
  const members = top.members.map((member) =>
    member.key === 'Backend' && member.value.kind === 'object'
      ? { ...member, value: understandBackend(member.value, source, declared, findings) }
      : member,
  );
  return dropUnusedRanges({ ...top, members }, findings);
}

/** Any parameter may be a secret; only the recipe knows. That holds for those that have no effect, too. */
function hideParameters(root: ObjectNode, findings: Findings): void {
  for (const { key, value: backend } of root.members) {
    if (matchGoName(key, ['Backend']) === undefined || backend.kind !== 'object') continue;
    for (const { key: name, value } of backend.members) {
      if (matchGoName(name, Object.keys(backendKeys)) === undefined) findings.redact(value.span);
    }
  }
}

function understandBackend(
  backend: ObjectNode,
  source: SourceText,
  declared: readonly string[] | undefined,
  findings: Findings,
): ObjectNode {
  const backendType = readType(backend, findings);
  const types = flannelKeysOf(backendType ?? '');
  const names = [...new Set([...Object.keys(backendKeys), ...Object.keys(types ?? {}), ...(declared ?? [])])];
  const read = readMembers(
    backend,
    {
      path: 'Backend',
      source,
      names: [...names, ...declaredIn(backend)],
      typeOf: (key, node) => {
        if (key === 'Type') return 'string';
        // A command may also be an array of lines, which flannel does not have.
        const isLines = isCommand(key) && node.kind === 'array';
        return isLines ? 'raw' : (types?.[key] ?? 'raw');
      },
      isWithoutValue: (key, node) =>
        isEmptyCommand(key, node) ||
        (types !== undefined && !Object.hasOwn(backendKeys, key) && isNull(node)) ||
        (backendType !== undefined && isUnsetByZero(backendType, key) && isZero(node)),
      passesOverOthers: declared !== undefined && types !== undefined,
    },
    findings,
  );
  if (backendType === undefined) return read;
  const members = read.members.map((member) => {
    const { key, value } = member;
    return key === 'Type' && value.kind === 'scalar'
      ? { ...member, value: { ...value, value: backendType } }
      : member;
  });
  return { ...read, members };
}

/** The type of a backend in flannel's spelling; undefined if it is not a text. */
function readType(backend: ObjectNode, findings: Findings): string | undefined {
  const given = backend.members
    .filter(({ key }) => matchGoName(key, ['Type']) !== undefined)
    .findLast(({ value }) => value.kind === 'scalar' && value.value !== null)?.value;
  if (given?.kind !== 'scalar' || typeof given.value !== 'string') return undefined;
  const backendType = flannelTypeOf(given.value);
  if (backendType !== given.value) {
    const message = `the type ${quoteText(given.value)} is read as \`${backendType}\``;
    findings.warning('other-case', given.span, message);
  }
  return backendType;
}

/** The parameters that a document declares itself: a whole recipe in a store. */
function declaredIn(backend: ObjectNode): string[] {
  const declarations = backend.members.findLast(
    ({ key }) => matchGoName(key, ['Parameters']) !== undefined,
  )?.value;
  return declarations?.kind === 'object' ? declarations.members.map(({ key }) => key) : [];
}

function isCommand(key: string): boolean {
  return commandNames.some((name) => name === key);
}

function isEmptyCommand(key: string, node: JsonNode): boolean {
  if (!isCommand(key)) return false;
  if (node.kind === 'array') return node.items.length === 0;
  return node.kind === 'scalar' && (node.value === null || node.value === '');
}

function isZero(node: JsonNode): boolean {
  return node.kind === 'scalar' && node.value === 0;
}

interface Reading {
  readonly path: string;
  readonly source: SourceText;
  readonly names: readonly string[];
  readonly typeOf: (key: string, node: JsonNode) => GoType;
  /** Whether a value of the right type counts as none. */
  readonly isWithoutValue: (key: string, node: JsonNode) => boolean;
  /** Whether a key that none of the names is like has no effect. If not, it is passed on as it is. */
  readonly passesOverOthers: boolean;
}

function readMembers(object: ObjectNode, reading: Reading, findings: Findings): ObjectNode {
  const members = new Map<string, JsonMember>();
  const seen = new Set<string>();
  for (const member of object.members) {
    const known = matchGoName(member.key, reading.names);
    if (known === undefined && reading.passesOverOthers) {
      reportPassedOver(member, reading, findings);
      continue;
    }
    const key = known ?? member.key;
    reportName(member, key, seen.has(key), reading, findings);
    seen.add(key);
    const value = readMember(member, key, reading, findings);
    // The order of the text stays: errors about the document come in it.
    if (value.kind === 'set') members.set(key, { key, keySpan: member.keySpan, value: value.node });
    else if (value.kind === 'unset') members.delete(key);
  }
  return { ...object, members: [...members.values()] };
}

/** Reads one value, and reports what flannel makes of it if that is not what it says. */
function readMember(member: JsonMember, key: string, reading: Reading, findings: Findings): GoValue {
  const { value: node } = member;
  const name = joinPath(reading.path, key);
  if (reading.isWithoutValue(key, node)) {
    findings.warning('no-value', node.span, `the value of \`${name}\` counts as none`);
    return { kind: isNull(node) ? 'nothing' : 'unset' };
  }
  const value = readGoValue(reading.typeOf(key, node), node, reading.source);
  switch (value.kind) {
    case 'set':
      if (value.readAs !== undefined) {
        findings.warning('address-form', node.span, `\`${name}\` is read as \`${value.readAs}\``);
      }
      return value;
    case 'refused':
      findings.error(value.code, node.span, `\`${name}\` must be ${value.must}`);
      return { kind: 'set', node: { kind: 'unread', span: node.span }, readAs: undefined };
    case 'nothing':
    case 'unset':
      findings.warning('no-value', node.span, `the value of \`${name}\` counts as none`);
      return value;
  }
}

function reportName(
  { key: given, keySpan }: JsonMember,
  key: string,
  isRepeated: boolean,
  { path }: Reading,
  findings: Findings,
): void {
  const name = joinPath(path, key);
  if (given !== key) {
    findings.warning('other-case', keySpan, `the key ${quoteText(given)} is read as \`${name}\``);
  }
  if (isRepeated) {
    const message = `\`${name}\` is there more than once: the last one counts`;
    findings.warning('repeated-key', keySpan, message, 'remove the others');
  }
}

function reportPassedOver({ key, keySpan }: JsonMember, { path, names }: Reading, findings: Findings): void {
  const where = path === '' ? '' : ` in \`${path}\``;
  const message = `the key ${quoteText(key)}${where} has no effect`;
  findings.warning('passed-over', keySpan, message, suggestName(key, names) ?? 'remove it');
}

/** flannel reads the range of a family that is not enabled, and does not check it. */
function dropUnusedRanges(root: ObjectNode, findings: Findings): ObjectNode {
  const isEnabled = (key: string, usual: boolean) => {
    const value = root.members.find((member) => member.key === key)?.value;
    return value?.kind === 'scalar' ? value.value === true : value === undefined ? usual : true;
  };
  const unused = new Set<string>([
    ...(isEnabled('EnableIPv4', true) ? [] : rangeKeys.EnableIPv4),
    ...(isEnabled('EnableIPv6', false) ? [] : rangeKeys.EnableIPv6),
  ]);
  const dropped = root.members.filter(({ key, value }) => unused.has(key) && value.kind !== 'unread');
  for (const { key, keySpan } of dropped) {
    const enable = key.startsWith('IPv6') ? 'EnableIPv6' : 'EnableIPv4';
    const hint = `set \`${enable}\` to true, or remove \`${key}\``;
    findings.warning('unused-key', keySpan, `\`${key}\` has no effect: \`${enable}\` is not true`, hint);
  }
  return { ...root, members: root.members.filter((member) => !dropped.includes(member)) };
}
