import { chooseNoteDescriptor, defineNote, insertNotes } from './line-notes.ts';
import type { Script } from '../shell.ts';

/** The argument of `sh -c` for a script. */
export interface ShellText {
  readonly text: string;
  /** The descriptor that line notes are written to; undefined if the text writes none. */
  readonly notesTo: number | undefined;
}

/**
 * Adds to a script what the command contract asks for. The umask is set by the shell, as the daemon's own is
 * everybody's. All additions stand on lines of the script, so that the shell's line numbers are the script's.
 */
export function composeShellText({ text, lineTags }: Script): ShellText {
  const notesTo = lineTags.length > 1 ? chooseNoteDescriptor(text) : undefined;
  if (notesTo === undefined) return { text: `umask 077; ${text}`, notesTo };
  return { text: `umask 077; ${defineNote(notesTo)}${insertNotes(text, lineTags)}`, notesTo };
}
