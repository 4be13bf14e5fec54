import { visit } from 'jsonc-parser';

/** A document that ends too early, closed where its last whole value ends. */
interface ClosedDocument {
  /** Begins with the whole values of the document, at the same places. */
  readonly text: string;
  /** The offsets of the objects and arrays that were not closed. */
  readonly open: ReadonlySet<number>;
}

interface Container {
  readonly offset: number;
  readonly closer: '}' | ']';
}

/**
 * Closes a document whose end is missing. Returns undefined for any other: for one that ends with a bracket, too, because a
 * bracket in its midst may be the one that is missing, and then every later value stands at another place than it seems.
 */
export function closeDocument(text: string): ClosedDocument | undefined {
  if (/[}\]]\s*$/.test(text)) return undefined;
  const stack: Container[] = [];
  let safe: { readonly end: number; readonly open: readonly Container[] } = { end: 0, open: [] };
  const keep = (offset: number, length: number): void => {
    safe = { end: offset + length, open: [...stack] };
  };
  const begin = (closer: Container['closer']) => (offset: number, length: number) => {
    stack.push({ offset, closer });
    keep(offset, length);
  };
  const end = (offset: number, length: number): void => {
    // The parser ends every object, at the end of the text if not before.
    if (stack.at(-1)?.closer !== text[offset]) return;
    stack.pop();
    keep(offset, length);
  };
  visit(text, {
    onObjectBegin: begin('}'),
    onArrayBegin: begin(']'),
    onObjectEnd: end,
    onArrayEnd: end,
    onLiteralValue: (_value, offset, length) => {
      const after = offset + length;
      // A number or a word at the very end may go on behind it.
      if (text[offset] === '"' ? text[after - 1] === '"' && length > 1 : after < text.length)
        keep(offset, length);
    },
  });
  if (safe.open.length === 0) return undefined;
  const closers = safe.open.map(({ closer }) => closer).toReversed();
  return {
    text: text.slice(0, safe.end) + closers.join(''),
    open: new Set(safe.open.map(({ offset }) => offset)),
  };
}
