import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A new, empty directory, for whoever has a life longer than one test: removes it when that life ends. */
export class TemporaryDirectory {
  readonly path = mkdtempSync(join(tmpdir(), 'heddle-test-'));

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/**
 * A new, empty directory that goes with a test, or, given `{ after }` of node:test in the body of a file or a `describe`,
 * with all of its tests. Returns its path.
 */
export function temporaryDirectory(owner: { after(release: () => void): void }): string {
  const directory = new TemporaryDirectory();
  owner.after(() => directory.remove());
  return directory.path;
}
