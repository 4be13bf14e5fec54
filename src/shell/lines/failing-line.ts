import type { Script } from '../shell.ts';

/**
 * Finds the line (from 0) of a script that ran last. The last note gives it; the shell's own message makes it more exact if it names a line
 * of the same command (`sh: 3: foo: not found`). dash counts a function's lines from the function, so a line outside the command is not
 * used.
 */
export function findFailingLine(
  script: Script,
  lastNote: number | undefined,
  stderr: string,
): number | undefined {
  const lineCount = script.text.split('\n').length;
  if (lineCount === 1) return 0;
  const start = lastNote ?? script.notes[0]?.line;
  if (start === undefined) return messageLine(stderr, 0, lineCount);
  return messageLine(stderr, start, nextNoted(script, start) ?? lineCount) ?? start;
}

function nextNoted({ notes }: Script, start: number): number | undefined {
  const later = notes.flatMap(({ line }) => (line !== undefined && line > start ? [line] : []));
  return later.length === 0 ? undefined : Math.min(...later);
}

/** The last line number in the shell's own messages, if it is in `start` to `end` − 1. */
function messageLine(stderr: string, start: number, end: number): number | undefined {
  const last = [...stderr.matchAll(/^sh: (?:line )?(\d+): /gm)].at(-1)?.[1];
  const line = Number(last) - 1;
  return line >= start && line < end ? line : undefined;
}
