const spaces = ' \t\n';

/**
 * Splits a line as `read` does (POSIX.1-2017, XCU `read`): each variable gets a field, the last one all that is left, with its separators.
 * Returns exactly `count` values.
 */
export function readFields(line: string, separators: string, count: number): string[] {
  const isSpace = (character: string) => separators.includes(character) && spaces.includes(character);
  const isSeparator = (character: string) => character !== '' && separators.includes(character);
  let at = 0;
  const skipSpaces = () => {
    while (at < line.length && isSpace(line.charAt(at))) at += 1;
  };
  const nextField = () => {
    const start = at;
    while (at < line.length && !isSeparator(line.charAt(at))) at += 1;
    const field = line.slice(start, at);
    skipSpaces();
    if (at < line.length && isSeparator(line.charAt(at)) && !isSpace(line.charAt(at))) {
      at += 1;
      skipSpaces();
    }
    return field;
  };

  skipSpaces();
  const values: string[] = [];
  while (values.length < count - 1) values.push(nextField());
  values.push(restOfLine());
  return values;

  /** Takes the rest of the line: one field if nothing follows its separator, else all of it without the spaces at its end. */
  function restOfLine(): string {
    const start = at;
    const field = nextField();
    if (at >= line.length) return field;
    let end = line.length;
    while (end > start && isSpace(line.charAt(end - 1))) end -= 1;
    return line.slice(start, end);
  }
}
