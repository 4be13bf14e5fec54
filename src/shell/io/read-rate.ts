import type { Readable } from 'node:stream';

/** The most bytes that are read in a second: enough for the burst of a monitor when a large network comes up. */
const mostPerSecond = 4 << 20;

/** The limit of a stream. */
interface RateLimit {
  /** Stops the limit's timer, and leaves the stream as it is. */
  readonly end: () => void;
}

/**
 * Reads a stream no faster than 4 MiB a second. A faster writer waits in the kernel, so a program that prints without end takes neither a
 * core nor memory.
 */
export function limitReadRate(stream: Readable): RateLimit {
  let left = mostPerSecond;
  let timer: NodeJS.Timeout | undefined;
  const refill = (): void => {
    timer = undefined;
    left = mostPerSecond;
    stream.resume();
  };
  stream.on('data', (chunk: Buffer) => {
    timer ??= setTimeout(refill, 1000).unref();
    left -= chunk.length;
    if (left <= 0) stream.pause();
  });
  return { end: () => clearTimeout(timer) };
}
