import { appendFileSync } from 'node:fs';

/** What was done, and when: counted, and written into a file line by line. */
export class Diary {
  readonly #path: string;
  readonly #begunAt = performance.now();
  readonly #counts = new Map<string, number>();

  constructor(path: string) {
    this.#path = path;
  }

  /** Seconds since the begin. */
  get seconds(): number {
    return (performance.now() - this.#begunAt) / 1000;
  }

  /** How often each action was done. */
  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  count(action: string): number {
    return this.#counts.get(action) ?? 0;
  }

  /** How often the actions were done whose names match. */
  sum(pattern: RegExp): number {
    return [...this.#counts].reduce((sum, [action, count]) => sum + (pattern.test(action) ? count : 0), 0);
  }

  /** Counts an action, and notes it with what it was done to. */
  note(action: string, details: Readonly<Record<string, unknown>> = {}): void {
    this.#counts.set(action, this.count(action) + 1);
    this.mark(action, details);
  }

  /** Notes something without counting it. */
  mark(action: string, details: Readonly<Record<string, unknown>> = {}): void {
    const entry = { seconds: Number(this.seconds.toFixed(3)), action, ...details };
    appendFileSync(this.#path, `${JSON.stringify(entry)}\n`);
  }
}
