/*
 * No POSIX shell tells which line of a script ended it under `set -e`: dash forgets LINENO in an EXIT trap, and a trap
 * would be the script's own business. So a line that is certain to begin a command at the top level is given a note in
 * front of it, which says that this line was reached. Everything here is arranged so that a note cannot change what the
 * script means: where that is not certain, the line does not get a note, and the failing line is known less exactly.
 */

/** A descriptor of one digit (dash knows no other) that the text does not use, or undefined if it uses all. */
export function chooseNoteDescriptor(text: string): number | undefined {
  return [9, 8, 7, 6, 5, 4, 3].find((digit) => !new RegExp(`${digit}[<>]|[<>]&\\s*["']?${digit}`).test(text));
}

/**
 * Defines the note: it writes a line's number and returns the status that it was given. Must stand before the text,
 * on its first line, so that the shell's own line numbers stay right.
 */
export function defineNote(descriptor: number): string {
  return `heddle_line() { command echo "$1" >&${descriptor}; return "$2"; }; `;
}

/**
 * Puts a note before each tagged line but the text's first. `$?` is afterwards what it was; `&&` keeps `set -e` from
 * acting on it; the redirection keeps the note out of the trace of `set -x`, and hides a failing write.
 */
export function insertNotes(text: string, lineTags: readonly number[]): string {
  const lines = text.split('\n');
  for (const tag of lineTags) {
    if (tag > 0) lines[tag] = `{ heddle_line ${tag} "$?" && :; } 2>/dev/null; ${lines[tag] ?? ''}`;
  }
  return lines.join('\n');
}

/** The line of the last note, or undefined if there is none. */
export function readLastNote(notes: string): number | undefined {
  const last = /(\d+)\n$/.exec(notes)?.[1];
  return last === undefined ? undefined : Number(last);
}
