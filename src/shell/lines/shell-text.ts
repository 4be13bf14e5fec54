import { chooseNoteDescriptor, defineNote, insertNotes, mayFlood } from './line-notes.ts';
import type { Script } from '../shell.ts';

/** The argument of `sh -c` for a script. */
interface ShellText {
  readonly text: string;
  /** The descriptor of the line notes; undefined if the text writes none. */
  readonly notesTo: number | undefined;
}

/**
 * Adds the parts that the command contract requires to a script. The shell sets the umask, because the daemon's own umask holds for the
 * whole process. All additions are on lines of the script, so that the shell's line numbers are the script's.
 */
export function composeShellText(script: Script): ShellText {
  const { text, notes } = script;
  const notesTo = writesNotes(script) ? chooseNoteDescriptor(text) : undefined;
  if (notesTo === undefined) return { text: `umask 077; ${text}`, notesTo };
  return { text: `umask 077; ${defineNote(text, notesTo)}${insertNotes(text, notes)}`, notesTo };
}

/** Whether a script may write more notes than a pipe holds, so that they must be read while it runs. */
export function mayFloodNotes(script: Script): boolean {
  return writesNotes(script) && mayFlood(script.text);
}

function writesNotes({ notes }: Script): boolean {
  return notes.some(({ text }) => text !== '');
}
