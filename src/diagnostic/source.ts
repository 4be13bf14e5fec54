/** A text that a person wrote, and where it came from. */
export interface SourceText {
  /** As the operator named it: a path, or a label such as `etcd:/coreos.com/network/config`. */
  readonly name: string;
  readonly text: string;
}

/** A stretch of a {@link SourceText}, in UTF-16 code units as JavaScript counts them. */
export interface Span {
  readonly offset: number;
  readonly length: number;
}

/** A line and a column of a text, both from 1; a tab counts as one column. */
interface Position {
  readonly line: number;
  readonly column: number;
}

/** Finds the line and column of an offset. Offsets past the end give the end. */
export function positionAt(text: string, offset: number): Position {
  const before = text.slice(0, offset);
  const lastBreak = before.lastIndexOf('\n');
  let line = 1;
  for (let at = before.indexOf('\n'); at !== -1; at = before.indexOf('\n', at + 1)) line += 1;
  return { line, column: before.length - lastBreak };
}
