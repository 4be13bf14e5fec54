import { readSync } from 'node:fs';
import { Socket } from 'node:net';
import { hasErrorCode } from '../../host/system-error.ts';
import type { Capture } from './capture.ts';

/** The shared buffer for reading, because most jobs print little or nothing. */
const scratch = Buffer.allocUnsafe(64 * 1024);

/**
 * The most bytes that are read after the shell's end: as much as a pipe can hold (pipe-max-size). The shell's output is among them; the
 * rest comes from a background child, which may write without end.
 */
const longestDrain = 1024 * 1024;

/** Reads the present content of a non-blocking pipe. Returns whether its other end is still open somewhere. */
export function drainPipe(reader: number, take: (chunk: Buffer) => void): boolean {
  for (let drained = 0; drained < longestDrain;) {
    let length: number;
    try {
      length = readSync(reader, scratch);
    } catch (error) {
      if (hasErrorCode(error, 'EAGAIN')) return true;
      throw error;
    }
    if (length === 0) return false;
    take(Buffer.from(scratch.subarray(0, length)));
    drained += length;
  }
  return true;
}

/** Reads one output of a shell into a capture, from its start to the shell's end. */
export class OutputReader {
  readonly #reader: number;
  readonly #socket: Socket;
  readonly #capture: Capture;

  /** Takes ownership of the descriptor, and closes it later. */
  constructor(reader: number, capture: Capture) {
    this.#reader = reader;
    this.#capture = capture;
    this.#socket = new Socket({ fd: reader, readable: true, writable: false });
    this.#socket.on('data', (chunk: Buffer) => capture.add(chunk));
    // The end of a pipe says everything that its error would.
    this.#socket.on('error', () => undefined);
  }

  /**
   * Call when the shell has ended. Its remaining output is in the pipe and is read at once. If a background child holds the pipe, its later
   * output is read and dropped, so that the child neither blocks nor gets SIGPIPE. This does not keep the event loop alive.
   */
  finish(): void {
    if (this.#socket.destroyed) return;
    this.#socket.removeAllListeners('data');
    if (drainPipe(this.#reader, (chunk) => this.#capture.add(chunk))) {
      this.#socket.resume();
      this.#socket.unref();
    } else {
      this.#socket.destroy();
    }
  }
}
