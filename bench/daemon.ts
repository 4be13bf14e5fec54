import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { HeddleEvent } from '../src/event/event.ts';

const heddle = fileURLToPath(new URL('../bin/heddle.js', import.meta.url));

/** A real `heddle up`, with its events as they come. */
export class BenchDaemon {
  readonly #child: ChildProcess;
  readonly #startedAt = performance.now();
  #events: { readonly event: HeddleEvent; readonly atMs: number }[] = [];
  #wake: () => void = () => undefined;

  constructor(args: readonly string[]) {
    this.#child = spawn(process.execPath, [heddle, 'up', '--log-format', 'json', ...args], {
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
  }

  /** Waits for an event, and returns the milliseconds from the daemon's start to it. */
  async until(isIt: (event: HeddleEvent) => boolean): Promise<number> {
    for (;;) {
      const found = this.#events.find(({ event }) => isIt(event));
      this.#events = [];
      if (found !== undefined) return found.atMs;
      if (this.#child.exitCode !== null) throw new Error(`heddle up ended with ${this.#child.exitCode}`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** CPU seconds, children included that have ended, and resident megabytes now. */
  usage(): { cpuSeconds: number; residentMb: number } {
    const stat = readFileSync(`/proc/${this.#child.pid ?? 0}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ');
    const ticks = stat.slice(11, 15).map(Number);
    const pages = Number(stat[21]);
    return { cpuSeconds: ticks.reduce((sum, each) => sum + each, 0) / 100, residentMb: (pages * 4096) / 1e6 };
  }

  /** SIGTERM, and the milliseconds until it has ended. */
  async stop(): Promise<number> {
    const startedAt = performance.now();
    this.#child.kill('SIGTERM');
    await new Promise((resolve) => this.#child.once('exit', resolve));
    return performance.now() - startedAt;
  }
}
