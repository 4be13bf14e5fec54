import type { Node } from 'jsonc-parser';
import type { Findings } from '../../diagnostic/findings.ts';
import { quoteText } from '../../diagnostic/visible-text.ts';
import type { JsonMember, JsonNode } from './json-tree.ts';
import type { Reading, Trail } from './reading.ts';

/** The treatment of a key that an object has twice: an error, or each member stays for the caller to choose from. */
export type RepeatedKeys = 'refused' | 'kept';

/** Turns jsonc-parser's tree of a text that is JSON into ours, and reports the repeated keys. */
export function convertTree(node: Node, repeatedKeys: RepeatedKeys, findings: Findings): JsonNode {
  const span = { offset: node.offset, length: node.length };
  const children = node.children ?? [];
  if (node.type === 'array') {
    return { kind: 'array', span, items: children.map((item) => convertTree(item, repeatedKeys, findings)) };
  }
  if (node.type !== 'object') return { kind: 'scalar', span, value: readScalar(node.value) };
  const members: JsonMember[] = [];
  const names = new Set<string>();
  for (const { children: [key, value] = [] } of children) {
    if (key === undefined || value === undefined) continue;
    const keySpan = { offset: key.offset, length: key.length };
    const member = { key: String(key.value), keySpan, value: convertTree(value, repeatedKeys, findings) };
    addTo({ members, names }, member, repeatedKeys, findings);
  }
  return { kind: 'object', span, members };
}

function readScalar(value: unknown): string | number | boolean | null {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
}

function addTo(
  { members, names }: Pick<Unfinished, 'members' | 'names'>,
  member: JsonMember,
  repeatedKeys: RepeatedKeys,
  findings: Findings,
): void {
  const { key, keySpan } = member;
  if (names.has(key) && repeatedKeys === 'refused') {
    const message = `this object has the key ${quoteText(key)} twice`;
    findings.error('duplicate-key', keySpan, message, 'remove one of the two');
  } else members.push(member);
  names.add(key);
}

interface Unfinished {
  readonly kind: 'object' | 'array';
  readonly offset: number;
  readonly members: JsonMember[];
  readonly items: JsonNode[];
  readonly names: Set<string>;
  /** The key whose value comes next. */
  key: Extract<Trail['step'], { kind: 'key' }> | undefined;
  /** Whether a key could not be read, so that it may be any. */
  hasUnreadKey: boolean;
}

/** Builds the tree of a reading, and reports the faults of the reading and the repeated keys. */
export function buildTree(
  { trail, isDoubtful }: Reading,
  end: number,
  repeatedKeys: RepeatedKeys,
  findings: Findings,
): JsonNode | undefined {
  const steps: Trail['step'][] = [];
  for (let at = trail; at !== undefined; at = at.before) steps.push(at.step);
  const stack: Unfinished[] = [];
  let root: JsonNode | undefined;
  const add = (node: JsonNode): void => {
    const inside = stack.at(-1);
    if (inside === undefined) root ??= node;
    else if (inside.kind === 'array') inside.items.push(node);
    else addMember(inside, node, repeatedKeys, findings);
  };
  const finish = (last: number, isOpen: boolean): void => {
    const ended = stack.pop();
    if (ended !== undefined) add(nodeOf(ended, last, isOpen, isDoubtful));
  };
  for (const step of steps.toReversed()) {
    switch (step.kind) {
      case 'open': {
        const { container: kind, offset } = step;
        stack.push({
          kind,
          offset,
          members: [],
          items: [],
          names: new Set(),
          key: undefined,
          hasUnreadKey: false,
        });
        break;
      }
      case 'close':
        finish(step.end, false);
        break;
      case 'key': {
        const inside = stack.at(-1);
        if (inside !== undefined) inside.key = step;
        break;
      }
      case 'value':
        add(step.node);
        break;
      case 'fault':
        findings.error(step.fault.code, step.fault.span, step.fault.message, step.fault.hint);
        break;
    }
  }
  while (stack.length > 0) finish(end, true);
  return root;
}

function addMember(
  object: Unfinished,
  value: JsonNode,
  repeatedKeys: RepeatedKeys,
  findings: Findings,
): void {
  const { key } = object;
  object.key = undefined;
  if (key?.name === undefined) object.hasUnreadKey = true;
  else addTo(object, { key: key.name, keySpan: key.span, value }, repeatedKeys, findings);
}

function nodeOf(
  { kind, offset, members, items, hasUnreadKey }: Unfinished,
  end: number,
  isOpen: boolean,
  isDoubtful: boolean,
): JsonNode {
  const span = { offset, length: end - offset };
  if (kind === 'array')
    return isOpen || isDoubtful ? { kind: 'unread', span } : { kind: 'array', span, items };
  if (isDoubtful) return { kind: 'object', span, members, isOpen: true, isDoubtful: true };
  return isOpen || hasUnreadKey
    ? { kind: 'object', span, members, isOpen: true }
    : { kind: 'object', span, members };
}
