import * as z from 'zod/mini';
import type { DiagnosticCode } from '../../diagnostic/codes.ts';
import type { Findings } from '../../diagnostic/findings.ts';
import type { LocatedValue } from '../../diagnostic/located-value.ts';
import { suggestName } from '../../diagnostic/nearest.ts';
import { formatCount } from '../../diagnostic/words.ts';
import type { Span } from '../../diagnostic/source.ts';
import {
  describeKind,
  isWhole,
  nodeAt,
  toJson,
  type JsonNode,
  type JsonMember,
  type ObjectNode,
} from '../json/json-tree.ts';

/** A table of keys: each with the schema of its value, optional ones marked so. */
type KeyTable = Readonly<Record<string, z.ZodMiniType>>;

/**
 * The result of reading a value. An object stays a node with unread keys, so that a further table reads it, and one
 * wrong key does not hide the others.
 */
type ReadValue<S> =
  S extends z.ZodMiniOptional<infer Inner>
    ? ReadValue<Inner>
    : S extends z.ZodMiniObject | z.ZodMiniRecord
      ? ObjectNode
      : z.output<S>;

/** A value with its own place, and with its node for the places of its parts. */
export interface LocatedNode<T> extends LocatedValue<T> {
  readonly node: JsonNode;
  readonly keySpan: Span;
}

/** The result of {@link readKeys} for an object. */
export interface KeyReading<T extends KeyTable> {
  /** The values that are as their schemas say. */
  readonly values: { readonly [K in keyof T]?: LocatedNode<ReadValue<T[K]>> };
  /** The keys that stand in the object, even with values that were refused. */
  readonly given: ReadonlySet<string>;
}

/** Names a key for messages: `Backend.Timeout`. */
export function joinPath(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

/** Reads the keys of an object that stand in a table. Reports values that do not fit. */
export function readKeys<T extends KeyTable>(
  object: ObjectNode,
  table: T,
  path: string,
  findings: Findings,
): KeyReading<T> {
  const values: Record<string, LocatedNode<unknown>> = {};
  for (const member of object.members) {
    const schema = Object.hasOwn(table, member.key) ? table[member.key] : undefined;
    if (schema === undefined) continue;
    const value = readValue(member, schema, joinPath(path, member.key), findings);
    if (value !== undefined) values[member.key] = value;
  }
  return {
    // `values` was filled from `table` alone, each by its own schema; TypeScript cannot follow that through a loop.
    values: values as KeyReading<T>['values'],
    given: new Set(object.members.map(({ key }) => key)),
  };
}

/** Reports each required key of the table that the object does not have. */
export function requireKeys(
  given: ReadonlySet<string>,
  table: KeyTable,
  path: string,
  at: Span,
  findings: Findings,
): void {
  for (const [key, schema] of Object.entries(table)) {
    if (given.has(key) || schema instanceof z.ZodMiniOptional) continue;
    const example = z.globalRegistry.get(schema)?.['examples'];
    const hint = Array.isArray(example)
      ? `add one, such as \`"${key}": ${JSON.stringify(example[0])}\``
      : undefined;
    findings.error('missing-key', at, `\`${joinPath(path, key)}\` is missing`, hint);
  }
}

function readValue(
  { keySpan, value: node }: JsonMember,
  schema: z.ZodMiniType,
  path: string,
  findings: Findings,
): LocatedNode<unknown> | undefined {
  const inner = schema instanceof z.ZodMiniOptional ? schema.def.innerType : schema;
  if (inner instanceof z.ZodMiniObject || inner instanceof z.ZodMiniRecord) {
    if (node.kind === 'object') return { value: node, node, span: node.span, keySpan };
    if (node.kind === 'unread') return undefined;
    findings.error('wrong-type', node.span, `\`${path}\` must be an object, not ${describeKind(node)}`);
    return undefined;
  }
  if (!isWhole(node)) return undefined;
  const result = schema.safeParse(toJson(node));
  if (result.success) return { value: result.data, node, span: node.span, keySpan };
  for (const issue of result.error.issues.flatMap(unfoldUnion)) reportIssue(issue, node, path, findings);
  return undefined;
}

type Issue = z.core.$ZodIssue;

/**
 * Of a union's complaints, those of the one branch that the value was meant for: the branch that has nothing against
 * the value's own type.
 */
function unfoldUnion(issue: Issue): Issue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const meant = issue.errors.find((issues) => !issues.some(isAboutType));
  return meant?.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] })) ?? [issue];
}

function isAboutType({ code, path }: Issue): boolean {
  return code === 'invalid_type' && path.length === 0;
}

function reportIssue(issue: Issue, node: JsonNode, path: string, findings: Findings): void {
  const at = nodeAt(node, issue.path);
  const name = issue.path.reduce<string>((name, step) => `${name}[${String(step)}]`, path);
  const { code, must, hint } = explainIssue(issue, at);
  findings.error(code, at.span, `\`${name}\` must be ${must}`, hint);
}

interface IssueExplanation {
  readonly code: DiagnosticCode;
  /** Completes the sentence that `must be` begins. */
  readonly must: string;
  readonly hint?: string;
}

function explainIssue(issue: Issue, node: JsonNode): IssueExplanation {
  switch (issue.code) {
    case 'too_small':
      return { code: 'out-of-bounds', must: `at least ${describeLimit(issue.minimum, issue.origin)}` };
    case 'too_big':
      return { code: 'out-of-bounds', must: `at most ${describeLimit(issue.maximum, issue.origin)}` };
    case 'invalid_value':
      return explainChoice(issue.values.map(String), node);
    case 'invalid_format':
      return { code: 'malformed-value', must: issue.message };
    case 'invalid_type':
      return explainType(issue.expected, node);
    case 'invalid_union':
      return explainUnion(issue.errors, node);
    case 'invalid_key':
    case 'invalid_element':
    case 'not_multiple_of':
    case 'unrecognized_keys':
    case 'custom':
      throw new Error(`the table of keys uses a check that has no message: ${issue.code}`);
  }
}

function describeLimit(limit: number | bigint, origin: string): string {
  return origin === 'array' ? `${formatCount(Number(limit), 'item')} long` : String(limit);
}

function explainChoice(choices: readonly string[], node: JsonNode): IssueExplanation {
  const must = `one of ${choices.map((choice) => `\`${choice}\``).join(', ')}`;
  const given = node.kind === 'scalar' ? String(node.value) : '';
  const hint = suggestName(given, choices);
  return { code: 'unknown-choice', must, ...(hint === undefined ? {} : { hint }) };
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'a string',
  boolean: '`true` or `false`',
  int: 'a whole number',
  number: 'a whole number',
  array: 'an array',
  object: 'an object',
};

function explainType(expected: string, node: JsonNode): IssueExplanation {
  const value = node.kind === 'scalar' ? node.value : undefined;
  const isFraction = typeof value === 'number' && expected === 'int';
  const must = `${typeNames[expected] ?? expected}, not ${isFraction ? 'a fraction' : describeKind(node)}`;
  return { code: 'wrong-type', must, ...unquote(expected, value) };
}

/** The hint for a number or a boolean that is in quotation marks. */
function unquote(expected: string, value: unknown): { readonly hint?: string } {
  const quoted =
    typeof value === 'string' &&
    ((expected === 'boolean' && /^(true|false)$/.test(value)) ||
      (/^(int|number)$/.test(expected) && /^-?\d+$/.test(value)));
  return quoted ? { hint: `write \`${value}\` without quotation marks` } : {};
}

function explainUnion(branches: readonly (readonly Issue[])[], node: JsonNode): IssueExplanation {
  const must = `${describeBranches(branches)}, not ${describeKind(node)}`;
  const value = node.kind === 'scalar' ? node.value : undefined;
  const [hint] = branches.flatMap(([issue]) =>
    issue?.code === 'invalid_type' ? (unquote(issue.expected, value).hint ?? []) : [],
  );
  return { code: 'wrong-type', must, ...(hint === undefined ? {} : { hint }) };
}

/** The types that a union has to choose from: `a string or an array`. */
function describeBranches(branches: readonly (readonly Issue[])[]): string {
  const names = branches
    .flatMap((issues) => issues.slice(0, 1))
    .map((issue) => (issue.code === 'invalid_type' ? (typeNames[issue.expected] ?? issue.expected) : ''));
  return names.filter((name) => name !== '').join(' or ');
}
