import { mkdirSync, statSync } from 'node:fs';

/** A state directory that a daemon has claimed, and that somebody may delete while it runs. */
export class ClaimedDirectory {
  readonly #path: string;
  #identity: string | undefined;

  constructor(path: string) {
    this.#path = path;
    this.#identity = identify(path);
  }

  /** Whether the directory at the path is the one that was claimed. */
  get isThere(): boolean {
    return identify(this.#path) === this.#identity;
  }

  /** Makes the directory again unless there is another one by now, and takes that for the claimed one. Throws what the file system says. */
  remake(): void {
    mkdirSync(this.#path, { recursive: true, mode: 0o700 });
    this.#identity = identify(this.#path);
  }
}

function identify(path: string): string | undefined {
  const stats = statSync(path, { throwIfNoEntry: false, bigint: true });
  return stats && `${stats.dev}:${stats.ino}`;
}
