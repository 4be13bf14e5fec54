import { quote } from 'shell-quote';
import { runProgram } from '../../host/run-program.ts';
import type { ShellProgram } from '../program.ts';

/*
 * No POSIX shell tells which line of a script ended it under `set -e`: dash forgets LINENO in an EXIT trap, and a trap
 * would be the script's own business. So a line that is certain to begin a command at the top level is given a note in
 * front of it, which says that this line was reached. Everything here is arranged so that a note cannot change what the
 * script means: where that is not certain, the line does not get a note, and the failing line is known less exactly.
 */

/**
 * From here on the text may read otherwise than `sh -n` reads it (an alias), or may use descriptors that cannot be
 * seen (a sourced or evaluated text).
 */
const opaqueWord = /(?:^|[\s;&|(){}`!])(?:alias|eval|\.|source)(?=\s|$)/;

/** A line that begins no command: a blank one, a comment, what closes or goes on with a command that began before. */
const notABeginning = /^\s*(?:$|[#})|&;']|(?:fi|done|esac|then|do|else|elif)(?![\w-]))/;

/**
 * Finds for each text, whose syntax is right, the lines (from 0) that begin a complete command at the top level: those
 * before which the text is complete. One process does it for all texts; it executes nothing of them.
 */
export async function findLineTags(
  texts: readonly string[],
  program: ShellProgram,
): Promise<readonly (readonly number[])[]> {
  const candidates = texts.map(findCandidates);
  const isComplete = await testPrefixes(
    texts.map((text, index) => cutBefore(text, candidates[index] ?? [])),
    program,
  );
  return candidates.map((lines, index) =>
    lines.filter((_, nth) => nth === 0 || isComplete[index]?.[nth - 1] === true),
  );
}

/** The lines that may begin a command; one after a backslash continues the last. */
function findCandidates(text: string): readonly number[] {
  const lines = text.split('\n');
  const opaque = lines.findIndex((line) => opaqueWord.test(line));
  return (opaque === -1 ? lines : lines.slice(0, opaque + 1)).flatMap((line, index) =>
    !notABeginning.test(line) && lines[index - 1]?.endsWith('\\') !== true ? [index] : [],
  );
}

/**
 * Cuts a text before each of the given lines but the first. What follows the last cut is left out. Before each piece
 * stands `>` if it and the line after it are indented, else `=`.
 */
function cutBefore(text: string, lineNumbers: readonly number[]): readonly string[] {
  const lines = text.split('\n');
  const isIndented = (line: string): boolean => /^(?:\s|$)/.test(line);
  return lineNumbers.slice(1).map((end, index) => {
    const start = lineNumbers[index] ?? 0;
    const mark = lines.slice(start, end + 1).every(isIndented) ? '>' : '=';
    return `${mark}${lines.slice(index === 0 ? 0 : start, end).join('\n')}\n`;
  });
}

/**
 * Reads the number of pieces of a text, then the pieces, and so on for each text. Prints for each piece whether the
 * text is complete with it: what came so far parses, and what follows is not the body of a here-document, where a lone
 * parenthesis would be no error. A run of indented lines in what is not complete is not
 * tried: it is rarely there that it ends.
 */
const testPrefixesScript = (sh: string): string => `
is_complete() {
  case $answer$1 in 'no>'*) return 1 ;; esac
  ${sh} -n -c "$text" || return 1
  case $text in *'<<'*) ! ${sh} -n -c "$text)" ;; esac
}
while [ $# -gt 0 ]; do
  pieces=$1 text= answer=
  shift
  while [ "$pieces" -gt 0 ]; do
    pieces=$((pieces - 1)) text=$text\${1#?}
    if is_complete "$1"; then answer=yes; else answer=no; fi
    echo $answer
    shift
  done
done 2>/dev/null
`;

async function testPrefixes(
  texts: readonly (readonly string[])[],
  program: ShellProgram,
): Promise<readonly (readonly boolean[])[]> {
  if (texts.every((pieces) => pieces.length === 0)) return [];
  const script = testPrefixesScript(quote([program.file, ...program.arguments]));
  const input = texts.flatMap((pieces) => [String(pieces.length), ...pieces]);
  const stdout = await runProgram(program.file, [...program.arguments, '-c', script, 'sh', ...input]);
  const answers = stdout.split('\n').map((answer) => answer === 'yes');
  return texts.map((pieces) => answers.splice(0, pieces.length));
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
