import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** The time for a second look, in milliseconds: the kernel sends a signal to one process of a group after the other. */
const lookAgainMs = 30;

/**
 * A process of this process's group that ends by any signal. So it shows whether a signal was sent to the whole group, as Ctrl-C on a terminal
 * does, or to this process alone.
 */
export class GroupWitness {
  #witness: ChildProcess | undefined;

  constructor() {
    this.#start();
  }

  /** Whether the last signal was sent to the whole group. */
  async saw(): Promise<boolean> {
    const pid = this.#witness?.pid;
    if (pid === undefined) return false;
    if (!isSignalled(pid)) await delay(lookAgainMs);
    if (!isSignalled(pid)) return false;
    this.#start();
    return true;
  }

  end(): void {
    this.#witness?.kill('SIGKILL');
  }

  #start(): void {
    // It ends with its stdin, thus with this process. Without it, every signal counts as one to this process alone.
    this.#witness = spawn('cat', { stdio: ['pipe', 'ignore', 'ignore'] });
    this.#witness.on('error', () => undefined).unref();
    this.#witness.stdin?.on('error', () => undefined);
  }
}

/** Whether a process has ended, or a signal is about to end it. */
function isSignalled(pid: number): boolean {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return /^State:\s+[ZX]/m.test(status) || /^(?:SigPnd|ShdPnd):\s*0*[1-9a-f]/m.test(status);
  } catch {
    return true;
  }
}
