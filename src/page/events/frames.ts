import { showInvisible } from '../../diagnostic/visible-text.ts';
import type { FrameLine } from '../model.ts';
import { clip } from './time-line.ts';

/** The lines of a recipe before and after the one in question. */
const around = 2;
const longestLine = 500;

/** Shows a line of a text with its surroundings; none if the text does not have the line. */
export function frameAround(text: string, line: number): readonly FrameLine[] {
  const lines = text.split('\n');
  if (line < 1 || line > lines.length) return [];
  const first = Math.max(1, line - around);
  return lines.slice(first - 1, line + around).map((each, index) => ({
    number: first + index,
    text: clip(showInvisible(each.replaceAll('\t', '  ').replace(/\r$/, '')), longestLine),
    isMarked: first + index === line,
  }));
}
