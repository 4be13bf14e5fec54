import type { Readable } from 'node:stream';

/** How much may be read in a second, in bytes: enough for the burst of a monitor when a large network comes up. */
const mostPerSecond = 4 << 20;

/** A stream that was limited. */
interface RateLimit {
  /** Stops the limit's timer; the stream is left as it is. */
  readonly end: () => void;
}

/**
 * Reads a stream no faster than 4 MiB a second. Whoever writes more waits in the kernel, so that a program that prints without end takes
 * neither a core nor memory.
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
