import { mkdirSync, statSync } from 'node:fs';

/** A state directory that a daemon has claimed. Somebody may delete it while the daemon runs. */
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

  /** Makes the directory again, and claims it. If another one is there by now, that one is claimed. Throws the file system's error. */
  remake(): void {
    mkdirSync(this.#path, { recursive: true, mode: 0o700 });
    this.#identity = identify(this.#path);
  }
}

function identify(path: string): string | undefined {
  const stats = statSync(path, { throwIfNoEntry: false, bigint: true });
  return stats && `${stats.dev}:${stats.ino}`;
}
