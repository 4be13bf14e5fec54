import { showInvisible } from './visible-text.ts';

/** One character of a source line as a terminal shows it. */
interface Cell {
  readonly text: string;
  /** Where the character starts in the line, in UTF-16 code units. */
  readonly offset: number;
  /** The column that it starts in, from 0, and the one after it. */
  readonly start: number;
  readonly end: number;
}

/** A source line and the line of marks that goes below it. */
interface FramedLine {
  readonly code: string;
  readonly marks: string;
}

const tabWidth = 4;
/** The columns of source that are shown; a longer line is clipped around its span. */
const shownColumns = 96;
/** The number of columns that stay visible before the span in a clipped line. */
const leadColumns = 24;
/** Code units that surely fill the columns shown, on either side of a span. */
const cutLength = 2000;

/**
 * Lays out one line and underlines the code units from `start` up to `end`, at least one column. Offsets at or past
 * the end of the line mark the column after it.
 */
export function frameLine(line: string, start: number, end: number): FramedLine {
  const near = cutAround(line, start, end);
  const cells = layOut(near.text);
  const first = cellAt(cells, start - near.from);
  const last = cellAt(cells, Math.max(start, end - 1) - near.from);
  const left = leftEdge(cells, first, last);
  const right = left + shownColumns;
  const shown = cells.filter((cell) => cell.start >= left && cell.end <= right);
  const clippedLeft = left > 0 ? '…' : '';
  const clippedRight = (cells.at(-1)?.end ?? 0) > right ? '…' : '';
  return {
    code: (clippedLeft + shown.map(({ text }) => text).join('') + clippedRight).trimEnd(),
    marks:
      ' '.repeat(clippedLeft.length + first.start - (shown[0]?.start ?? 0)) +
      '^'.repeat(Math.max(1, Math.min(last.end, right) - first.start)),
  };
}

/** So much of a very long line that what is shown does not change: a recipe may be one line of a megabyte. */
function cutAround(
  line: string,
  start: number,
  end: number,
): { readonly text: string; readonly from: number } {
  if (line.length <= 2 * cutLength) return { text: line, from: 0 };
  const from = Math.max(0, Math.min(start, line.length) - cutLength);
  return { text: line.slice(from, Math.min(end, start + cutLength) + cutLength), from };
}

/** The characters of a line, and a blank for the place after its end. */
function layOut(line: string): [Cell, ...Cell[]] {
  const cells: Cell[] = [];
  let offset = 0;
  let start = 0;
  for (const character of line) {
    const text = character === '\t' ? ' '.repeat(tabWidth - (start % tabWidth)) : showInvisible(character);
    const end = start + (character === '\t' ? text.length : columnsOf(text));
    cells.push({ text, offset, start, end });
    offset += character.length;
    start = end;
  }
  const after = { text: ' ', offset, start, end: start + 1 };
  const [head, ...rest] = cells;
  return head === undefined ? [after] : [head, ...rest, after];
}

function cellAt(cells: readonly [Cell, ...Cell[]], offset: number): Cell {
  return cells.findLast((cell) => cell.offset <= offset) ?? cells[0];
}

/** The first column to show: 0 if the span can be seen from there, else a little before the span. */
function leftEdge(cells: readonly Cell[], first: Cell, last: Cell): number {
  const width = cells.at(-1)?.end ?? 0;
  if (last.end <= shownColumns) return 0;
  return Math.max(0, Math.min(first.start - leadColumns, width - shownColumns));
}

const wide =
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]/u;
const combining = /^\p{M}/u;

/** The columns that one visible code point takes on a terminal. */
function columnsOf(character: string): 0 | 1 | 2 {
  if (combining.test(character)) return 0;
  return wide.test(character) ? 2 : 1;
}
