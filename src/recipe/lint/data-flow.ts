import type { Setting } from '../sh/read-script.ts';
import type { Word, WordPart } from '../sh/syntax-tree.ts';
import { literalOf } from '../sh/words.ts';

/** Stands among the names of variables for what a script reads by `$(cat)`. */
export const standardInput = '<';

/** The variables that hold, in whole or in part, what some variables hold at first. */
export function followData(settings: readonly Setting[], sources: Iterable<string>): ReadonlySet<string> {
  const holding = new Set(sources);
  for (let before = -1; before !== holding.size;) {
    before = holding.size;
    for (const { name, value } of settings)
      if (value !== undefined && holdsData(value, holding)) holding.add(name);
  }
  return holding;
}

/** Whether a word's expansion has in it what one of the variables holds, outside of commands that it runs. */
export function holdsData(word: Word, variables: ReadonlySet<string>): boolean {
  return word.parts.some((part) => partHoldsData(part, variables));
}

/** Whether such an expansion in a word is subject to splitting: not in quotes. */
export function findUnquotedData(word: Word, variables: ReadonlySet<string>): WordPart | undefined {
  for (const part of word.parts) {
    if (part.kind === 'parameter' && yieldsValue(part.operator) && variables.has(part.name) && !part.quoted)
      return part;
    if (!part.quoted && partIsInput(part, variables)) return part;
    if (part.kind !== 'parameter' || part.argument === undefined || part.quoted) continue;
    const inner = /^:?[-=+]$/.test(part.operator ?? '')
      ? findUnquotedData(part.argument, variables)
      : undefined;
    if (inner !== undefined) return inner;
  }
  return undefined;
}

function partHoldsData(part: WordPart, variables: ReadonlySet<string>): boolean {
  switch (part.kind) {
    case 'literal':
    case 'arithmetic':
      return false;
    case 'substitution':
      return partIsInput(part, variables);
    case 'parameter':
      if (variables.has(part.name) && yieldsValue(part.operator)) return true;
      return part.argument !== undefined && holdsData(part.argument, variables);
  }
}

/** `${#NAME}` and `${NAME:+word}` depend on a value without expanding to it. */
function yieldsValue(operator: string | undefined): boolean {
  return operator !== 'length' && operator !== '+' && operator !== ':+';
}

/** Whether a part is `$(cat)`, all of standard input, and that counts. */
function partIsInput(part: WordPart, variables: ReadonlySet<string>): boolean {
  if (part.kind !== 'substitution' || !variables.has(standardInput)) return false;
  const [andOr, ...others] = part.list;
  const [command, ...piped] = andOr?.first.commands ?? [];
  if (command?.kind !== 'simple' || others.length > 0 || piped.length > 0) return false;
  return (
    command.redirections.length === 0 && command.words.length === 1 && literalOf(command.words[0]) === 'cat'
  );
}
