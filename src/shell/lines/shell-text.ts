import { chooseNoteDescriptor, defineNote, insertNotes, mayFlood } from './line-notes.ts';
import type { Script } from '../shell.ts';

/** The argument of `sh -c` for a script. */
interface ShellText {
  readonly text: string;
  /** The descriptor that line notes are written to; undefined if the text writes none. */
  readonly notesTo: number | undefined;
}

/**
 * Adds to a script what the command contract asks for. The umask is set by the shell, as the daemon's own is
 * everybody's. All additions stand on lines of the script, so that the shell's line numbers are the script's.
 */
export function composeShellText(script: Script): ShellText {
  const { text, notes } = script;
  const notesTo = writesNotes(script) ? chooseNoteDescriptor(text) : undefined;
  if (notesTo === undefined) return { text: `umask 077; ${text}`, notesTo };
  return { text: `umask 077; ${defineNote(text, notesTo)}${insertNotes(text, notes)}`, notesTo };
}

/** Whether a script may write more notes than a pipe holds, so that they are to be read while it runs. */
export function mayFloodNotes(script: Script): boolean {
  return writesNotes(script) && mayFlood(script.text);
}

function writesNotes({ notes }: Script): boolean {
  return notes.some(({ text }) => text !== '');
}
