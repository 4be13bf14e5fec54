import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { HeddleEvent } from '../src/event/event.ts';

export const heddleProgram = fileURLToPath(new URL('../bin/heddle.js', import.meta.url));

/** A real `heddle up`, with its events as they come. */
export class BenchDaemon {
  readonly #child: ChildProcess;
  readonly #startedAt = performance.now();
  #events: { readonly event: HeddleEvent; readonly atMs: number }[] = [];
  #wake: () => void = () => undefined;

  constructor(args: readonly string[]) {
    this.#child = spawn(process.execPath, [heddleProgram, 'up', '--log-format', 'json', ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    if (this.#child.stdout === null) throw new Error('the daemon has no stdout');
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      this.#events.push({
        event: JSON.parse(line) as HeddleEvent,
        atMs: performance.now() - this.#startedAt,
      });
      this.#wake();
    });
    this.#child.on('exit', () => this.#wake());
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Waits for an event, and returns it with the milliseconds from the daemon's start to it. */
  async until<E extends HeddleEvent>(
    isIt: (event: HeddleEvent) => event is E,
  ): Promise<{ event: E; atMs: number }> {
    for (;;) {
      const index = this.#events.findIndex(({ event }) => isIt(event));
      const found = this.#events[index];
      this.#events = this.#events.slice(index === -1 ? this.#events.length : index + 1);
      if (found !== undefined) return { event: found.event as E, atMs: found.atMs };
      if (this.#child.exitCode !== null) throw new Error(`heddle up ended with ${this.#child.exitCode}`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** SIGTERM, and the milliseconds until it has ended. */
  async stop(): Promise<number> {
    const startedAt = performance.now();
    this.#child.kill('SIGTERM');
    await new Promise((resolve) => this.#child.once('exit', resolve));
    return performance.now() - startedAt;
  }
}
