import { findLineTags } from './lines/line-tags.ts';
import { systemShell, type ShellProgram } from './program.ts';
import type { Script } from './shell.ts';

/** A text for `sh`, and whether a line that fails ends it. */
export type ScriptSource = Pick<Script, 'text' | 'stopOnError'>;

/**
 * Makes texts ready to run, in the order given. A text that stops at the first line that fails learns where its lines
 * begin; any other runs as `sh -c` would run it. Their syntax should be checked as well (`readSyntax`).
 */
export async function prepareScripts(
  sources: readonly ScriptSource[],
  program: ShellProgram = systemShell,
): Promise<readonly Script[]> {
  const inLines = sources.filter(({ stopOnError }) => stopOnError);
  const lineTags = await findLineTags(
    inLines.map(({ text }) => text),
    program,
  );
  return sources.map((source) => ({ ...source, lineTags: lineTags[inLines.indexOf(source)] ?? [] }));
}
