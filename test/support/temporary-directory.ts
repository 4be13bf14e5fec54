import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A new, empty directory for a helper that removes it itself. */
export class TemporaryDirectory {
  readonly path = mkdtempSync(join(tmpdir(), 'heddle-test-'));

  remove(): void {
    // A process that is about to end may still write there.
    rmSync(this.path, { recursive: true, force: true, maxRetries: 20, retryDelay: 20 });
  }
}

/**
 * Makes a new, empty directory and returns its path. The directory is removed after the test `owner`. With `{ after }` of
 * node:test, in the body of a file or of a `describe`, it is removed after all tests there.
 */
export function temporaryDirectory(owner: { after(release: () => void): void }): string {
  const directory = new TemporaryDirectory();
  owner.after(() => {
    try {
      directory.remove();
    } catch {
      // A process that the test started still writes there: its own hook ends it, and runs only if this one does not throw.
      process.once('exit', () => directory.remove());
    }
  });
  return directory.path;
}
