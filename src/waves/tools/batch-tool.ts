/**
 * A program that can work off many calls in one process.
 *
 * Each call is one line of its input, followed by the `marker`: a line that the program refuses and then goes on. The report of the
 * marker proves that the call before it was handled. Without the report of the call itself, the call succeeded.
 */
export interface BatchTool {
  /** The name by which scripts call it. */
  readonly program: string;
  /** The option that makes it say which program it is. */
  readonly identity: string;
  /** The answer to {@link identity} of the program that is meant. */
  readonly answer: RegExp;
  /** Whether a call with these words may read the standard input. */
  readonly readsInput: (words: readonly string[]) => boolean;
  /** The call as a line; undefined for one that must be executed by itself. */
  readonly batchLine: (words: readonly string[]) => BatchLine | undefined;
  /** The arguments with which it reads lines from its standard input. */
  readonly batchArguments: (options: readonly string[]) => readonly string[];
  readonly marker: string;
  /** Text that it prints about a marker, above the report. */
  readonly aboutMarker: RegExp;
  /** Its report that a line was refused, with the number of the line, from 1. */
  readonly refusal: RegExp;
}

interface BatchLine {
  /** Options of the program itself. Only calls with the same options share a process. */
  readonly options: readonly string[];
  readonly line: string;
}

/**
 * The form of a word that means the same as an argument and in a line. Any other word could be several words, a comment, or another
 * command.
 */
const plainWord = /^[A-Za-z0-9_./:@%+=,-]+$/;

/** Joins words to a line; undefined if one of them could mean more than itself there. */
export function joinWords(words: readonly string[]): string | undefined {
  return words.length > 0 && words.every((word) => plainWord.test(word)) ? words.join(' ') : undefined;
}
