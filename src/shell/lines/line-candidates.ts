/**
 * From here on the text may read otherwise than `sh -n` reads it (an alias), or may use descriptors that cannot be
 * seen (a sourced or evaluated text).
 */
const opaqueWord = /(?:^|[\s;&|(){}`!])(?:alias|eval|\.|source)(?=\s|$)/;

/** A line that begins no command: a blank one, a comment, what closes or goes on with a command that began before. */
const notABeginning = /^\s*(?:$|[#})|&;']|(?:fi|done|esac|then|do|else|elif)(?![\w-]))/;

/** The lines that may begin a command; one after a backslash continues the last. */
export function findCandidates(text: string): readonly number[] {
  const lines = text.split('\n');
  const opaque = lines.findIndex((line) => opaqueWord.test(line));
  return (opaque === -1 ? lines : lines.slice(0, opaque + 1)).flatMap((line, index) =>
    !notABeginning.test(line) && lines[index - 1]?.endsWith('\\') !== true ? [index] : [],
  );
}

/**
 * Cuts a text before each of the given lines but the first. What follows the last cut is left out. Before each piece
 * stands `>` if it and the line after it are indented, else `=`.
 */
export function cutBefore(text: string, lineNumbers: readonly number[]): readonly string[] {
  const lines = text.split('\n');
  const isIndented = (line: string): boolean => /^(?:\s|$)/.test(line);
  return lineNumbers.slice(1).map((end, index) => {
    const start = lineNumbers[index] ?? 0;
    const mark = lines.slice(start, end + 1).every(isIndented) ? '>' : '=';
    return `${mark}${lines.slice(index === 0 ? 0 : start, end).join('\n')}\n`;
  });
}
