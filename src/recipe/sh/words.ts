import type { Word } from './syntax-tree.ts';

/** The text of a word in which nothing is expanded; undefined for any other. */
export function literalOf(word: Word | undefined): string | undefined {
  if (word === undefined) return undefined;
  let text = '';
  for (const part of word.parts) {
    if (part.kind !== 'literal') return undefined;
    text += part.text;
  }
  return text;
}

/** Splits an argument such as `NAME=value` of `export`; a name alone has no value. Undefined for anything else. */
export function splitAssignment(
  word: Word,
): { readonly name: string; readonly value: Word | undefined } | undefined {
  const [first, ...rest] = word.parts;
  if (first?.kind !== 'literal') return undefined;
  const [, name, equals, text = ''] = /^([A-Za-z_]\w*)(?:(=)([^]*))?$/.exec(first.text) ?? [];
  if (name === undefined || (equals === undefined && rest.length > 0)) return undefined;
  if (equals === undefined) return { name, value: undefined };
  return { name, value: { span: word.span, parts: [{ ...first, text }, ...rest] } };
}
