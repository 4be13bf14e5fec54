import { Findings } from '../../diagnostic/findings.ts';
import type { SourceText, Span } from '../../diagnostic/source.ts';
import { parseJsonObject } from './json-syntax.ts';
import type { JsonMember, JsonNode } from './json-tree.ts';

/** A document with one member for each key of an object. */
interface Selection {
  readonly source: SourceText;
  /** The value of the member that stands in the place of an earlier one with its key. */
  readonly chosen: Span;
}

/** The most members whose key came before that are looked at. */
const mostSelections = 20;

/**
 * Returns a document for each member whose key came before in its object: there, this member stays and the others with its key are blank.
 * Everything keeps its place, so that a finding about the member is at the same place of the whole document.
 */
export function selectRepeated(source: SourceText): readonly Selection[] {
  const root = parseJsonObject(source, new Findings(source), { repeatedKeys: 'kept', openEnd: 'kept' });
  if (root === undefined) return [];
  return listRepeated(root, [])
    .slice(0, mostSelections)
    .map((path) => {
      const selector = new Selector(source.text, new Set(path));
      selector.visit(root);
      const { offset, length } = path.at(-1)?.value.span ?? root.span;
      return { source: { ...source, text: selector.text }, chosen: { offset, length } };
    });
}

/** Lists the members whose key came before, each with the members that it is inside of. */
function listRepeated(node: JsonNode, path: readonly JsonMember[]): (readonly JsonMember[])[] {
  switch (node.kind) {
    case 'scalar':
    case 'unread':
      return [];
    case 'array':
      return node.items.flatMap((item) => listRepeated(item, path));
    case 'object': {
      const keys = new Set<string>();
      return node.members.flatMap((member) => {
        const inner = [...path, member];
        const isRepeated = keys.has(member.key);
        keys.add(member.key);
        return [...(isRepeated ? [inner] : []), ...listRepeated(member.value, inner)];
      });
    }
  }
}

class Selector {
  text: string;
  readonly #path: ReadonlySet<JsonMember>;

  /** `path` has the members to keep instead of the first with their key. */
  constructor(text: string, path: ReadonlySet<JsonMember>) {
    this.text = text;
    this.#path = path;
  }

  visit(node: JsonNode): void {
    if (node.kind === 'array') for (const item of node.items) this.visit(item);
    if (node.kind !== 'object') return;
    const kept = this.#choose(node.members);
    if (kept.length < node.members.length) this.#keepOnly(kept, node.members, node.span.offset + 1);
    for (const { value } of kept) this.visit(value);
  }

  #choose(members: readonly JsonMember[]): readonly JsonMember[] {
    const byKey = new Map<string, JsonMember>();
    for (const member of members) {
      if (!byKey.has(member.key) || this.#path.has(member)) byKey.set(member.key, member);
    }
    return members.filter((member) => byKey.get(member.key) === member);
  }

  /** Blanks the other members, and leaves one comma between two that stay. */
  #keepOnly(kept: readonly JsonMember[], members: readonly JsonMember[], start: number): void {
    let from = start;
    for (const [index, { keySpan, value }] of kept.entries()) {
      this.#blank(from, keySpan.offset, index > 0);
      from = value.span.offset + value.span.length;
    }
    const last = members.at(-1)?.value.span;
    if (last !== undefined) this.#blank(from, last.offset + last.length, false);
  }

  #blank(from: number, to: number, withComma: boolean): void {
    if (to <= from) return;
    const blank = this.text.slice(from, to).replace(/[^\n]/g, ' ');
    this.text = this.text.slice(0, from) + (withComma ? `,${blank.slice(1)}` : blank) + this.text.slice(to);
  }
}
