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
