import { readFileSync } from 'node:fs';

/** How often a process is looked at, in milliseconds. */
const lookMs = 20;

/**
 * Measures how long a process has waited for something else than a processor: the time that has passed, less the time in which its main
 * thread ran or was ready to run, as schedstat says, and less the time in which this process was ready to run and could not look. On
 * a quiet machine this is nearly the time that has passed. On a busy one it does not count the work of others.
 */
export class WaitingTime {
  readonly #pid: number;
  readonly #beganAt = performance.now();
  readonly #first: number;
  readonly #ownFirst = queued(process.pid);
  readonly #timer: NodeJS.Timeout;
  #last: number;

  constructor(pid: number) {
    this.#pid = pid;
    this.#first = busy(pid) ?? 0;
    this.#last = this.#first;
    this.#timer = setInterval(() => (this.#last = busy(this.#pid) ?? this.#last), lookMs);
    this.#timer.unref();
  }

  /** Ends the measurement. Returns milliseconds. */
  end(): number {
    clearInterval(this.#timer);
    const passed = performance.now() - this.#beganAt;
    return passed - (this.#last - this.#first) - (queued(process.pid) - this.#ownFirst);
  }
}

/** The milliseconds that the main thread of a process ran or was ready to run; undefined if it is gone. */
function busy(pid: number): number | undefined {
  const times = read(pid);
  return times && times.ranMs + times.queuedMs;
}

function queued(pid: number): number {
  return read(pid)?.queuedMs ?? 0;
}

function read(pid: number): { readonly ranMs: number; readonly queuedMs: number } | undefined {
  try {
    const [ran = 0, waited = 0] = readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ').map(Number);
    return { ranMs: ran / 1e6, queuedMs: waited / 1e6 };
  } catch {
    return undefined;
  }
}
