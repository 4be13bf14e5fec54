import type { Node } from 'jsonc-parser';
import type { Findings } from '../../diagnostic/findings.ts';
import type { SourceText, Span } from '../../diagnostic/source.ts';
import { quoteText } from '../../diagnostic/visible-text.ts';
import type { Json } from './json.ts';
import { parseStrictJson, type OpenEnd, type SyntaxTree } from './json-syntax.ts';

/** A JSON value with its place in the text, and that of each of its parts. */
export type JsonNode = ObjectNode | ArrayNode | ScalarNode | UnreadNode;

export interface ObjectNode {
  readonly kind: 'object';
  readonly span: Span;
  readonly members: readonly JsonMember[];
  /** The document ends before this object does, so that it may have more members. */
  readonly isOpen?: boolean;
}

export interface JsonMember {
  readonly key: string;
  readonly keySpan: Span;
  readonly value: JsonNode;
}

interface ArrayNode {
  readonly kind: 'array';
  readonly span: Span;
  readonly items: readonly JsonNode[];
}

interface ScalarNode {
  readonly kind: 'scalar';
  readonly span: Span;
  readonly value: null | boolean | number | string;
}

/** A value of which nothing more is said, because a finding says already that it could not be read. */
interface UnreadNode {
  readonly kind: 'unread';
  readonly span: Span;
}

/** The treatment of a key that an object has twice: an error, or each member stays for the caller to choose from. */
type RepeatedKeys = 'refused' | 'kept';

/** The faults of a document that do not keep it from being read. */
interface Leniency {
  readonly repeatedKeys?: RepeatedKeys;
  /** `kept`: of a document that ends too early, the beginning is returned. */
  readonly openEnd?: OpenEnd;
}

/**
 * Reads a document that must be one JSON object. Returns undefined if it is not one, or if its structure is not certain;
 * what is wrong within single values is an {@link UnreadNode}.
 */
export function parseJsonObject(
  source: SourceText,
  findings: Findings,
  { repeatedKeys = 'refused', openEnd = 'refused' }: Leniency = {},
): ObjectNode | undefined {
  const tree = parseStrictJson(source, findings, openEnd);
  if (tree === undefined) return undefined;
  const root = convert(tree.root, { ...tree, repeatedKeys }, findings);
  if (root.kind === 'object') return root;
  if (root.kind === 'unread') return undefined;
  findings.error('wrong-type', root.span, `the document must be an object, not ${describeKind(root)}`);
  return undefined;
}

/** The kind of a node's value, with its article, for messages. */
export function describeKind(node: JsonNode): string {
  switch (node.kind) {
    case 'object':
      return 'an object';
    case 'array':
      return 'an array';
    case 'scalar':
      return node.value === null ? 'null' : `a ${typeof node.value}`;
    case 'unread':
      return 'something unreadable';
  }
}

/** Whether the whole of a value could be read. */
export function isWhole(node: JsonNode): boolean {
  switch (node.kind) {
    case 'object':
      return node.members.every(({ value }) => isWhole(value));
    case 'array':
      return node.items.every(isWhole);
    case 'scalar':
      return true;
    case 'unread':
      return false;
  }
}

/** The value of a node without its places; null where it could not be read. */
export function toJson(node: JsonNode): Json {
  switch (node.kind) {
    case 'scalar':
      return node.value;
    case 'unread':
      return null;
    case 'array':
      return node.items.map(toJson);
    case 'object':
      return Object.fromEntries(node.members.map(({ key, value }) => [key, toJson(value)]));
  }
}

/** The node at a path below this one; the deepest there is, if the path leads nowhere. */
export function nodeAt(node: JsonNode, path: readonly PropertyKey[]): JsonNode {
  const [step, ...rest] = path;
  if (step === undefined) return node;
  const next =
    node.kind === 'object'
      ? node.members.find(({ key }) => key === step)?.value
      : node.kind === 'array'
        ? node.items[Number(step)]
        : undefined;
  return next === undefined ? node : nodeAt(next, rest);
}

/** Where something missing from an object is reported: at its opening brace. */
export function openingBrace(object: ObjectNode): Span {
  return { offset: object.span.offset, length: 1 };
}

interface Conversion extends SyntaxTree {
  readonly repeatedKeys: RepeatedKeys;
}

function convert(node: Node, tree: Conversion, findings: Findings): JsonNode {
  const span = { offset: node.offset, length: node.length };
  if (tree.brokenTokens.has(node.offset)) return { kind: 'unread', span };
  if (node.type === 'array') {
    if (tree.open.has(node.offset)) return { kind: 'unread', span };
    const items = (node.children ?? []).map((child): JsonNode => {
      const item = convert(child, tree, findings);
      return tree.unseparated.has(child.offset) ? { kind: 'unread', span: item.span } : item;
    });
    return { kind: 'array', span, items };
  }
  if (node.type === 'object') {
    const properties = node.children ?? [];
    // A key that cannot be read may be any.
    if (properties.some((property) => tree.brokenTokens.has(property.offset)))
      return { kind: 'unread', span };
    const members = convertMembers(properties, tree, findings);
    return tree.open.has(node.offset)
      ? { kind: 'object', span, members, isOpen: true }
      : { kind: 'object', span, members };
  }
  const value: unknown = node.value;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    return { kind: 'scalar', span, value };
  }
  return { kind: 'scalar', span, value: null };
}

function convertMembers(properties: readonly Node[], tree: Conversion, findings: Findings): JsonMember[] {
  const members: JsonMember[] = [];
  const names = new Set<string>();
  for (const property of properties) {
    const [key, value] = property.children ?? [];
    if (key === undefined || value === undefined) continue;
    const name = String(key.value);
    const keySpan = { offset: key.offset, length: key.length };
    const member = { key: name, keySpan, value: convert(value, tree, findings) };
    if (names.has(name) && tree.repeatedKeys === 'refused') {
      findings.error(
        'duplicate-key',
        keySpan,
        `this object has the key ${quoteText(name)} twice`,
        'remove one of the two',
      );
    } else members.push(member);
    names.add(name);
  }
  return members;
}
