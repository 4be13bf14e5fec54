import { chooseNotes, insertNotes } from './lines/line-notes.ts';
import { systemShell, type ShellProgram } from './program.ts';
import type { Script } from './shell.ts';
import { findSyntaxErrors, type ShellSyntaxError } from './syntax.ts';

/** A text for `sh`, and whether a failing line ends it. */
export type ScriptSource = Pick<Script, 'text' | 'stopOnError'>;

/** The result of {@link readScripts}. */
interface ScriptReading {
  /** The texts to run, in the given order. */
  readonly scripts: readonly Script[];
  /** The syntax error of each of the other texts, in the given order; undefined for a valid one. */
  readonly errors: readonly (ShellSyntaxError | undefined)[];
}

/** Makes texts ready to run, as {@link readScripts} does. */
export async function prepareScripts(
  sources: readonly ScriptSource[],
  program?: ShellProgram,
): Promise<readonly Script[]> {
  const { scripts } = await readScripts(sources, [], program);
  return scripts;
}

/**
 * Makes texts ready to run, and checks other texts by the same process. A text that stops at its first failing line gets notes, which name
 * that line; any other runs as `sh -c` would run it. The syntax of the text without notes should be checked as well.
 *
 * @param others the texts that are only checked
 */
export async function readScripts(
  sources: readonly ScriptSource[],
  others: readonly string[],
  program: ShellProgram = systemShell,
): Promise<ScriptReading> {
  const notes = sources.map(({ text, stopOnError }) => (stopOnError ? chooseNotes(text) : []));
  const noted = sources.flatMap(({ text }, index) =>
    notes[index]?.some((note) => note.text !== '') === true
      ? [{ index, text: insertNotes(text, notes[index]) }]
      : [],
  );
  const texts = [...others, ...noted.map(({ text }) => text)];
  const errors = texts.length === 0 ? [] : await findSyntaxErrors(texts, program);
  const refused = new Set(
    noted.flatMap(({ index }, nth) => (errors[others.length + nth] === undefined ? [] : [index])),
  );
  return {
    scripts: sources.map((source, index) => ({
      ...source,
      notes: refused.has(index) ? [] : (notes[index] ?? []),
    })),
    errors: errors.slice(0, others.length),
  };
}
