import { chooseNotes, insertNotes } from './lines/line-notes.ts';
import { systemShell, type ShellProgram } from './program.ts';
import type { LineNote, Script } from './shell.ts';
import { findSyntaxErrors } from './syntax.ts';

/** A text for `sh`, and whether a line that fails ends it. */
export type ScriptSource = Pick<Script, 'text' | 'stopOnError'>;

/**
 * Makes texts ready to run, in the order given. A text that stops at the first line that fails gets notes, which tell the
 * line that failed; any other runs as `sh -c` would run it. Their syntax should be checked as well (`findSyntaxErrors`).
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

/** Asks the shell which texts it cannot read with their notes. Nothing is asked where no text has a note. */
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
