import { execa } from 'execa';
import { quote } from 'shell-quote';
import type { ShellProgram } from './program.ts';

/*
 * No POSIX shell tells which line of a script ended it under `set -e`: dash forgets LINENO in an EXIT trap, and a
 * trap would be the script's own business. So a line that is certain to begin a command at the top level is given a
 * note in front of it, which says that this line was reached. Everything here is arranged so that a note cannot change what the
 * script means: where that is not certain there is no note, and the failing line is then told less exactly.
 */

/**
 * From here on the text may read otherwise than `sh -n` reads it (an alias), or may use descriptors that cannot be
 * seen (a sourced or evaluated text).
 */
const opaqueWord = /(?:^|[\s;&|(){}`!])(?:alias|eval|\.|source)(?=\s|$)/;

/**
 * Finds the lines (from 0) that begin a complete command at the top level, in a text whose syntax is right: those
 * before which the text is complete. One process does it for the whole text; it executes nothing of it.
 */
export async function findLineTags(text: string, program: ShellProgram): Promise<readonly number[]> {
  const lines = text.split('\n');
  const opaque = lines.findIndex((line) => opaqueWord.test(line));
  const candidates = (opaque === -1 ? lines : lines.slice(0, opaque + 1)).flatMap((line, index) =>
    isCandidate(line, lines[index - 1]) ? [index] : [],
  );
  if (candidates.length < 2) return candidates;
  const complete = await findCompletePrefixes(lines.slice(0, candidates.at(-1)), program);
  return candidates.filter((index) => index === 0 || complete.has(index));
}

/** Blank lines and comments fail nothing; a line after a backslash continues the one before. */
function isCandidate(line: string, previous: string | undefined): boolean {
  return !/^\s*(?:#|$)/.test(line) && previous?.endsWith('\\') !== true;
}

/**
 * Prints each number of lines after which the text is complete: what came so far parses, and what follows is not
 * the body of a here-document, where a lone parenthesis would be no error.
 */
const findCompletePrefixesScript = (sh: string) => `
text= number=0
for line do
  number=$((number + 1)) text="$text$line
"
  ${sh} -n -c "$text" || continue
  case $text in *'<<'*) ${sh} -n -c "$text)" && continue ;; esac
  echo $number
done 2>/dev/null
`;

async function findCompletePrefixes(lines: readonly string[], program: ShellProgram): Promise<Set<number>> {
  const script = findCompletePrefixesScript(quote([program.file, ...program.arguments]));
  const { stdout } = await execa(program.file, [...program.arguments, '-c', script, 'sh', ...lines], {
    stdin: 'ignore',
  });
  return new Set(stdout.split('\n').filter(Boolean).map(Number));
}

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
