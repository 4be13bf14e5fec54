import type { Span } from '../../diagnostic/source.ts';
import type { Json } from './json.ts';

/** A JSON value with its place in the text, and that of each of its parts. */
export type JsonNode = ObjectNode | ArrayNode | ScalarNode | UnreadNode;

export interface ObjectNode {
  readonly kind: 'object';
  readonly span: Span;
  readonly members: readonly JsonMember[];
  /** The document ends before this object does, so that it may have more members. */
  readonly isOpen?: boolean;
  /** A closing bracket is missing or too many, and its place is not certain: a member may belong to another object. */
  readonly isDoubtful?: boolean;
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
  /** The text of a string in its corrected form: good enough to look for mistakes in it, not to use it. */
  readonly text?: string;
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
