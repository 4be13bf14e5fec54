import type { SourceText, Span } from '../diagnostic/source.ts';
import type { Command } from './recipe.ts';
import { sourceSpan } from './json/string-offsets.ts';

/** The shell text of a command: its lines joined, or its string. */
export function commandText(command: Command): string {
  return command.lines.map((line) => line.text).join('\n');
}

/**
 * The place in a recipe's text of a stretch of {@link commandText}. One that reaches over several elements of the array
 * form is cut at the end of its first.
 */
export function placeInRecipe(source: SourceText, command: Command, stretch: Span): Span {
  let start = 0;
  for (const { text, span } of command.lines) {
    const offset = stretch.offset - start;
    if (offset <= text.length) {
      const length = Math.min(stretch.length, text.length - offset);
      return sourceSpan(source.text, span, { offset, length });
    }
    start += text.length + 1;
  }
  return { offset: 0, length: 0 };
}

/** A line of a command's text, with the element of the recipe that it stands in. */
interface CommandLine {
  /** The line itself, without blanks around it. */
  readonly text: string;
  readonly span: Command['lines'][number]['span'];
}

/**
 * Finds the place in the recipe of a line of {@link commandText} (from 0): an element of the array form may hold
 * several lines. Undefined if the command has no such line.
 */
export function locateLine(command: Command, line: number): CommandLine | undefined {
  let first = 0;
  for (const element of command.lines) {
    const lines = element.text.split('\n');
    const text = lines[line - first];
    if (text !== undefined) return { text: text.trim(), span: element.span };
    first += lines.length;
  }
  return undefined;
}
