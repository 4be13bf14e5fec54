import { chooseNotes, insertNotes } from './lines/line-notes.ts';
import { systemShell, type ShellProgram } from './program.ts';
import type { LineNote, Script } from './shell.ts';
import { findSyntaxErrors } from './syntax.ts';

/** A text for `sh`, and whether a failing line ends it. */
export type ScriptSource = Pick<Script, 'text' | 'stopOnError'>;

/**
 * Makes texts ready to run, in the given order. A text that stops at its first failing line gets notes, which name that line; any other
 * runs as `sh -c` would run it. Their syntax should be checked as well (`findSyntaxErrors`).
 */
export async function prepareScripts(
  sources: readonly ScriptSource[],
  program: ShellProgram = systemShell,
): Promise<readonly Script[]> {
  const chosen = sources.map(({ text, stopOnError }) => (stopOnError ? chooseNotes(text) : []));
  const refused = await findRefused(sources, chosen, program);
  return sources.map((source, index) => ({
    ...source,
    notes: refused.has(index) ? [] : (chosen[index] ?? []),
  }));
}

/** Asks the shell which texts it cannot read with their notes. Without notes, the shell is not started. */
async function findRefused(
  sources: readonly ScriptSource[],
  notes: readonly (readonly LineNote[])[],
  program: ShellProgram,
): Promise<ReadonlySet<number>> {
  const noted = sources.flatMap(({ text }, index) =>
    notes[index]?.some((note) => note.text !== '') === true
      ? [{ index, text: insertNotes(text, notes[index]) }]
      : [],
  );
  if (noted.length === 0) return new Set();
  const errors = await findSyntaxErrors(
    noted.map(({ text }) => text),
    program,
  );
  return new Set(noted.flatMap(({ index }, nth) => (errors[nth] === undefined ? [] : [index])));
}
