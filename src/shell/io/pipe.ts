import { execFile } from 'node:child_process';
import { closeSync, constants, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { makePipeDirectory } from './pipe-directory.ts';

/** Both ends of a pipe, as file descriptors that are closed on exec. Reads do not block, but writes do. */
interface Pipe {
  readonly reader: number;
  readonly writer: number;
}

/** The pipes that one shell process writes to. */
export interface ShellPipes {
  readonly stdout: Pipe;
  readonly stderr: Pipe;
  /** The pipe for line notes. Its writer is open for reading too, so that a shell that outlives the daemon does not get SIGPIPE. */
  readonly notes: Pipe;
}

/** The number of sets of pipes made at a time; each takes six descriptors until it is used. */
const setsPerBatch = 4;
/** The time after which unused pipes are closed, in milliseconds. A later job waits for mkfifo. */
export const restMs = 5000;
const names = ['stdout', 'stderr', 'notes'] as const;

/**
 * The runner of mkfifo, not `runProgram`: where every peer has a shell of its own, one in four waits for this, and execa takes a
 * millisecond more.
 */
const run = promisify(execFile);

/**
 * Hands out pipes made ahead of need. Node gives its children sockets in place of pipes, and a socket cannot be opened by name: `echo … >
 * /dev/stderr` would fail. As Node has no pipe(2), mkfifo(1) makes FIFOs in a private directory, a batch at a time. They are opened and
 * unlinked at once, and are then ordinary pipes.
 */
export class PipeSupply {
  readonly #spare: ShellPipes[] = [];
  readonly #restMs: number;
  readonly #owner: string | undefined;
  #refill: Promise<void> | undefined;
  #rest: NodeJS.Timeout | undefined;
  #isClosed = false;

  /**
   * @param owner see {@link makePipeDirectory}
   * @param rest milliseconds; spare pipes are closed when nobody has taken any for so long
   */
  constructor(owner?: string, rest = restMs) {
    this.#owner = owner;
    this.#restMs = rest;
  }

  /** Begins to make pipes for jobs that come soon. */
  prepare(): void {
    // A later `take` tries again, and reports the reason.
    this.#fill().catch(() => undefined);
  }

  /** Takes a set of pipes. Rejects with the reason if none can be made: no descriptor or no space left, no mkfifo; closed. */
  async take(): Promise<ShellPipes> {
    while (!this.#isClosed) {
      const pipes = this.#spare.pop();
      this.#rest?.refresh();
      if (pipes !== undefined) return pipes;
      await this.#fill();
    }
    throw new Error('no pipes are made any more');
  }

  #fill(): Promise<void> {
    return (this.#refill ??= this.#makeBatch().finally(() => (this.#refill = undefined)));
  }

  async #makeBatch(): Promise<void> {
    const directory = makePipeDirectory(this.#owner);
    try {
      const sets = Array.from({ length: setsPerBatch }, (_, set) => join(directory, String(set)));
      await run('mkfifo', ['-m', '600', ...sets.flatMap((set) => names.map((name) => `${set}-${name}`))]);
      if (this.#isClosed) return;
      for (const set of sets) this.#spare.push(openPipes(set));
      this.#rest ??= setTimeout(() => this.#closeSpare(), this.#restMs).unref();
      this.#rest.refresh();
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  }

  /** Closes the pipes that were not handed out. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#rest);
    this.#closeSpare();
  }

  #closeSpare(): void {
    for (const pipes of this.#spare.splice(0)) closePipes(pipes);
  }
}

/** Closes both ends of every pipe of a set. */
export function closePipes(pipes: ShellPipes): void {
  for (const name of names) closePipe(pipes[name]);
}

/** Closes this process's writers once a shell has its own, so that the shell's end is the end of the stream. */
export function closeWriters(pipes: ShellPipes): void {
  for (const name of names) closeSync(pipes[name].writer);
}

function closePipe(pipe: Pipe): void {
  closeSync(pipe.reader);
  closeSync(pipe.writer);
}

function openPipes(path: string): ShellPipes {
  const opened: Pipe[] = [];
  const open = (name: string, writerMode = constants.O_WRONLY) => {
    const pipe = openPipe(`${path}-${name}`, writerMode);
    opened.push(pipe);
    return pipe;
  };
  try {
    return {
      stdout: open('stdout'),
      stderr: open('stderr'),
      notes: open('notes', constants.O_RDWR),
    };
  } catch (error) {
    opened.forEach(closePipe);
    throw error;
  }
}

/** Opens both ends of a FIFO. The reader comes first, because a writer would wait for it; opening the reader never blocks. */
function openPipe(path: string, writerMode: number): Pipe {
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    return { reader, writer: openSync(path, writerMode) };
  } catch (error) {
    closeSync(reader);
    throw error;
  }
}
