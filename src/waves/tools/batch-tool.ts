import type { CallInput } from '../../compile/call.ts';

/** A program that can work off many calls in one process. */
export type BatchTool = LineTool | WholeTool;

/**
 * A program that handles its input line by line and goes on after a line that it refuses.
 *
 * Each call is one line of its input, followed by the `marker`: a line that the program refuses and then goes on. The report of the
 * marker proves that the call before it was handled. Without the report of the call itself, the call succeeded.
 */
export interface LineTool extends CommonTool {
  readonly kind: 'lines';
  /** The arguments with which it reads lines from its standard input. */
  readonly batchArguments: (options: readonly string[]) => readonly string[];
  readonly marker: string;
  /** Text that it prints about a marker, above the report. */
  readonly aboutMarker: RegExp;
  /** Its report that a line was refused, with the number of the line, from 1. */
  readonly refusal: RegExp;
}

/**
 * A program that refuses all its calls because of one, and does not say which one. So the calls are halved, until the one that it refuses
 * is executed by itself.
 */
export interface WholeTool extends CommonTool {
  readonly kind: 'whole';
  readonly compose: (options: readonly string[], lines: readonly string[]) => ComposedCalls;
  /** The most characters of all lines of one process. */
  readonly mostCharacters: number;
  /** How calls ended together, from the exit status and the messages of a program that no signal ended. */
  readonly judge: (succeeded: boolean, messages: string) => WholeEnd;
}

/**
 * `repeat`: the calls can be made again without another result than if they had been made once. `failed`: each of them would fail by itself,
 * with the same messages.
 */
type WholeEnd = 'succeeded' | 'failed' | 'repeat' | 'unknown';

/** The arguments and the standard input of one process for many calls. */
interface ComposedCalls {
  readonly arguments: readonly string[];
  readonly stdin: string;
}

interface CommonTool {
  /** The name by which scripts call it. */
  readonly program: string;
  /** The option that makes it say which program it is. */
  readonly identity: string;
  /** The answer to {@link identity} of the program that is meant. */
  readonly answer: RegExp;
  /** Whether a call with these words may read the standard input. */
  readonly readsInput: (words: readonly string[]) => boolean;
  /** The call as text for a process that it shares; undefined for one that must be executed by itself. */
  readonly batchLine: (words: readonly string[], stdin: CallInput) => BatchLine | undefined;
}

export interface BatchLine {
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
