import { parseScript } from '../../recipe/sh/parse-script.ts';
import type { LineNote } from '../shell.ts';
import { placeNotes, type NotePlace } from './note-places.ts';

/*
 * No POSIX shell reports which line of a script ended it under `set -e`: dash forgets LINENO in an EXIT trap, and traps belong to the
 * script. So a note before each command writes the line that is reached; in loops and functions, quick commands of the shell are noted only
 * if they failed, because a note takes longer than they do. A note must never change the meaning of the script. Where that is
 * not certain, a command does not get a note, and the failing line is known less exactly.
 */

/**
 * The words after which the text may mean something else than is read here (an alias), or may use unseen descriptors (a sourced or
 * evaluated text).
 */
const opaqueWord = /(?:^|[\s;&|(){}`!])(?:alias|eval|\.|source)(?=\s|$)/m;

/** The settings that make a shell print each command that it runs, including notes. */
const tracing = /\bset\s+[-+]\w*x|\bxtrace\b/;

/** The setting that makes the expansion of an unset variable end the shell. */
const unsetFails = /\bset\s+[-+]\w*u|\bnounset\b/;

/** The constructs that can run a note more than once. */
const repetition = /\b(?:while|until|for|function)\b|\([ \t]*\)/;

/** A descriptor of one digit (dash knows no other) that the text does not use; undefined if it uses all. */
export function chooseNoteDescriptor(text: string): number | undefined {
  return [9, 8, 7, 6, 5, 4, 3].find((digit) => !new RegExp(`${digit}[<>]|[<>]&\\s*["']?${digit}`).test(text));
}

/** Whether a script may write more notes than a pipe holds, so that they must be read while it runs. */
export function mayFlood(text: string): boolean {
  return repetition.test(text);
}

/**
 * Defines the note for a text: it writes a line's number and returns the status that it was given. The definition must stand before the
 * text, on its first line, so that the shell's own line numbers stay right.
 */
export function defineNote(text: string, descriptor: number): string {
  // `command` bypasses a function of the script, but costs time.
  const echo = /\becho\b[ \t]*\(|\balias\b|\beval\b|(?:^|\s)(?:\.|source)\s/.test(text)
    ? 'command echo'
    : 'echo';
  return `heddle_line() { ${echo} "$1" >&${descriptor} || :; return "$2"; }; `;
}

/** Chooses the notes of a text with valid syntax. */
export function chooseNotes(text: string): readonly LineNote[] {
  const { list } = parseScript(text);
  const quiet = tracing.test(text) || opaqueWord.test(text) ? ' 2>/dev/null' : '';
  const end = endOfReadable(text);
  let depth = 0;
  // A group that is open at the end of the readable part is closed later.
  const isThrifty = quiet === '' && !unsetFails.test(text);
  const places = placeNotes(text, list, isThrifty).filter(({ at, kind }) => {
    if (kind === 'close' || kind === 'after-close') return depth > 0 && depth-- > 0;
    if (at > end) return false;
    if (kind.endsWith('wrap')) depth += 1;
    return true;
  });
  return places.map((place) => ({
    at: place.at,
    line: place.kind === 'note' || place.kind === 'wrap' || place.kind === 'none' ? place.line : undefined,
    text: noteText(place, quiet),
  }));
}

/** The end of the line with the first opaque word. */
function endOfReadable(text: string): number {
  const opaque = opaqueWord.exec(text)?.index;
  if (opaque === undefined) return text.length;
  // The match may begin with the line break before the word.
  const lineEnd = text.indexOf('\n', opaque + 1);
  return lineEnd === -1 ? text.length : lineEnd;
}

/** Inserts the notes into their text. */
export function insertNotes(text: string, notes: readonly LineNote[]): string {
  let at = 0;
  let noted = '';
  for (const note of notes) {
    noted += text.slice(at, note.at) + note.text;
    at = note.at;
  }
  return noted + text.slice(at);
}

/**
 * The text of a note. It leaves `$?` unchanged; `&&` keeps `set -e` from acting on it; the redirection keeps it out of the trace of `set
 * -x`, and hides a failing write.
 */
function noteText({ kind, line }: NotePlace, quiet: string): string {
  const tell = `heddle_line ${line} "$?" && :`;
  const note = quiet === '' ? `${tell}; ` : `{ ${tell}; }${quiet}; `;
  const after = ` || heddle_line ${line} "$?"`;
  switch (kind) {
    case 'none':
      return '';
    case 'note':
      return note;
    case 'wrap':
      return `{ ${note}`;
    case 'mute':
      return 'heddle_line() { return "$2"; }; ';
    case 'mute-wrap':
      return '{ heddle_line() { return "$2"; }; ';
    case 'close':
      return '; }';
    case 'after-wrap':
      return '{ ';
    case 'after':
      return after;
    case 'after-close':
      return `${after}; }`;
  }
}

/** The line of the last note, or undefined if there is none. */
export function readLastNote(notes: string): number | undefined {
  const last = /(\d+)\n$/.exec(notes)?.[1];
  return last === undefined ? undefined : Number(last);
}
