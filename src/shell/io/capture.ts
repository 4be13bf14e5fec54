import { StringDecoder } from 'node:string_decoder';
import type { CapturedText } from '../shell.ts';

/** The part of a stream that is kept, in bytes: its beginning and its end. */
export interface CaptureLimits {
  readonly head: number;
  readonly tail: number;
}

/** The limits of stdout. It is data, so everything past the limit is dropped, and no marker gets into it. */
export const stdoutLimits: CaptureLimits = { head: 1024 * 1024, tail: 0 };

/** The limits of stderr. It is for people: the beginning and the end say most, and nobody reads many pages for each failure. */
export const stderrLimits: CaptureLimits = { head: 2 * 1024, tail: 2 * 1024 };

/** The limits of line notes, of which only the last counts. */
export const noteLimits: CaptureLimits = { head: 0, tail: 64 };

/** Keeps the beginning and the end of a stream in bounded memory, and counts the rest. */
export class Capture {
  readonly #limits: CaptureLimits;
  readonly #head: Buffer[] = [];
  #headLength = 0;
  #tail: Buffer[] = [];
  #tailLength = 0;
  #total = 0;

  constructor(limits: CaptureLimits) {
    this.#limits = limits;
  }

  add(chunk: Buffer): void {
    this.#total += chunk.length;
    const toHead = chunk.subarray(0, this.#limits.head - this.#headLength);
    if (toHead.length > 0) {
      this.#head.push(toHead);
      this.#headLength += toHead.length;
    }
    if (this.#limits.tail > 0 && toHead.length < chunk.length) this.#addToTail(chunk.subarray(toHead.length));
  }

  #addToTail(bytes: Buffer): void {
    this.#tail.push(bytes);
    this.#tailLength += bytes.length;
    // The chunks are joined only at twice the limit, so that a flood of single bytes copies each of them once.
    if (this.#tailLength >= 2 * this.#limits.tail) this.#trimTail();
  }

  #trimTail(): void {
    const kept = Buffer.concat(this.#tail).subarray(-this.#limits.tail);
    this.#tail = [kept];
    this.#tailLength = kept.length;
  }

  /** The captured output, as text: bytes that are not UTF-8 become U+FFFD, and a cut never splits a character. */
  read(): CapturedText {
    if (this.#limits.tail > 0) this.#trimTail();
    const head = Buffer.concat(this.#head);
    const tail = Buffer.concat(this.#tail);
    if (head.length + tail.length === this.#total) {
      return { text: Buffer.concat([head, tail]).toString('utf8'), truncated: 0 };
    }
    const wholeHead = dropSplitEnd(head);
    const wholeTail = dropSplitStart(tail);
    const truncated = this.#total - wholeHead.length - wholeTail.length;
    const marker = this.#limits.tail > 0 ? `\n[… ${truncated} bytes omitted …]\n` : '';
    return { text: wholeHead.toString('utf8') + marker + wholeTail.toString('utf8'), truncated };
  }
}

/** Drops the first bytes of a character at the end whose other bytes were cut off. */
function dropSplitEnd(bytes: Buffer): Buffer {
  const decoder = new StringDecoder('utf8');
  decoder.write(bytes);
  // The decoder holds back an unfinished character. Its end prints that as one U+FFFD.
  const unfinished = decoder.end() === '' ? 0 : splitLength(bytes);
  return bytes.subarray(0, bytes.length - unfinished);
}

function splitLength(bytes: Buffer): number {
  let length = 1;
  while (length < 4 && isContinuation(bytes.at(-length))) length += 1;
  return Math.min(length, bytes.length);
}

/** Drops the last bytes of a character at the start whose first bytes were cut off. */
function dropSplitStart(bytes: Buffer): Buffer {
  let start = 0;
  while (start < 3 && isContinuation(bytes[start])) start += 1;
  return bytes.subarray(start);
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}
