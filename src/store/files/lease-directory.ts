import { closeSync, constants, lstatSync, readSync, type Stats } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { openPlainFile, type PlainFile } from '../../host/files/plain-file.ts';
import { PlainFileError } from '../../host/files/plain-file-error.ts';
import { StoreError } from '../store.ts';
import { describeError, errorCode } from './errors.ts';
import { inSlices, type Haste } from '../../time/in-slices.ts';
import { decodeLeaseFile, largestLeaseFile, type FileContent } from './lease-file.ts';
import { fileRevision } from './revision.ts';
import { statOwnDirectory } from './use-directory.ts';

/** The values that show whether a file was written again. */
interface Signature {
  readonly ino: number;
  readonly size: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
}

interface CachedFile {
  readonly content: FileContent;
  /** The signature; undefined if the file was so new that a later write may not change its times. */
  readonly signature: Signature | undefined;
}

/** The identity of the directory at a path. A different identity means that another directory has replaced it. */
export type DirectoryIdentity = string;

/**
 * The known state of the files of `subnets/`. Each look at a file is one synchronous step from the kernel into this table, so an older look
 * never overwrites a newer one, in whatever order the looks come.
 */
export class LeaseDirectory {
  readonly path: string;
  readonly #entries = new Map<string, CachedFile>();
  readonly #buffer = Buffer.allocUnsafe(largestLeaseFile + 1);

  constructor(path: string) {
    this.path = path;
  }

  /** The state of a file at the last look; undefined if the file did not exist. */
  contentOf(name: string): FileContent | undefined {
    return this.#entries.get(name)?.content;
  }

  names(): Iterable<string> {
    return this.#entries.keys();
  }

  /** The identity of the directory. Throws the system's error if the directory is missing, or if it is not a directory. */
  identify(): DirectoryIdentity {
    const { dev, ino } = statOwnDirectory(this.path);
    return `${dev}:${ino}`;
  }

  /** Looks at every file as {@link scanPages} does. Returns the names of present and removed files, and the directory's identity. */
  async scan(
    haste: Haste,
  ): Promise<{ readonly identity: DirectoryIdentity; readonly names: readonly string[] }> {
    const pages = this.scanPages(haste, Infinity);
    const names: string[] = [];
    for (;;) {
      const page = await pages.next();
      if (page.done === true) return { identity: page.value, names };
      for (const name of page.value) names.push(name);
    }
  }

  /**
   * Looks at every file that may have changed. Yields the names of present and removed files, so many at once, and returns the directory's
   * identity. Throws if the directory disappears meanwhile: an unmounted share must not look like one whose leases were all removed.
   */
  async *scanPages(
    haste: Haste,
    pageSize: number,
  ): AsyncGenerator<readonly string[], DirectoryIdentity, void> {
    const identity = this.identify();
    const present = (await readdir(this.path)).filter((name) => !isPassedOver(name)).sort();
    const gone = new Set(this.#entries.keys());
    for (const name of present) gone.delete(name);
    for (let at = 0; at < present.length; at += pageSize) {
      const page = present.slice(at, at + pageSize);
      await inSlices(page, haste, (name) => {
        this.#lookUnlessSame(name);
      });
      yield page;
    }
    await inSlices(gone, haste, (name) => {
      this.look(name);
    });
    yield [...gone];
    if (this.identify() !== identity) {
      throw new StoreError(`${this.path} was replaced while heddle read it`, {
        retryable: true,
      });
    }
    return identity;
  }

  /** Reads one file, even if its times did not change. */
  look(name: string): FileContent | undefined {
    if (isPassedOver(name)) return undefined;
    const entry = this.#read(name);
    if (entry === undefined) this.#entries.delete(name);
    else this.#entries.set(name, entry);
    return entry?.content;
  }

  #lookUnlessSame(name: string): void {
    const known = this.#entries.get(name)?.signature;
    if (known !== undefined) {
      const stats = lstatSync(join(this.path, name), { throwIfNoEntry: false });
      if (stats !== undefined && isSame(known, stats)) return;
    }
    this.look(name);
  }

  #read(name: string): CachedFile | undefined {
    let opened: PlainFile;
    try {
      opened = openPlainFile(join(this.path, name), constants.O_RDONLY);
    } catch (error) {
      return explainUnopened(error);
    }
    try {
      return { content: this.#readContent(name, opened.file), signature: sign(opened.stats) };
    } catch (error) {
      return unreadable(`cannot be read: ${describeError(error)}`);
    } finally {
      closeSync(opened.file);
    }
  }

  #readContent(name: string, file: number): FileContent {
    const length = readSync(file, this.#buffer, 0, this.#buffer.length, 0);
    if (length > largestLeaseFile)
      return { kind: 'fault', reason: `is larger than ${largestLeaseFile} bytes` };
    return decodeLeaseFile(name, this.#buffer.toString('utf8', 0, length), fileRevision);
  }
}

/** Whether a file is skipped without a report: hidden files and editors' copies are neither leases nor faults. */
function isPassedOver(name: string): boolean {
  return name.startsWith('.') || name.endsWith('~');
}

function explainUnopened(error: unknown): CachedFile | undefined {
  if (errorCode(error) === 'ENOENT') return undefined;
  if (error instanceof PlainFileError) return unreadable(error.reason);
  return unreadable(`cannot be opened: ${describeError(error)}`);
}

function unreadable(reason: string): CachedFile {
  return { content: { kind: 'fault', reason }, signature: undefined };
}

/**
 * The signature of a file. Kernels stamp files with the time of the last tick (up to 10 ms ago), some file systems with whole seconds. The
 * comparison uses the machine's clock and not the store's, because a file system does so too.
 */
function sign({ ino, size, mtimeMs, ctimeMs }: Stats): Signature | undefined {
  const resolutionMs = mtimeMs % 1000 === 0 ? 2000 : 100;
  return Date.now() - ctimeMs > resolutionMs ? { ino, size, mtimeMs, ctimeMs } : undefined;
}

function isSame(a: Signature, b: Signature): boolean {
  return a.ino === b.ino && a.size === b.size && a.mtimeMs === b.mtimeMs && a.ctimeMs === b.ctimeMs;
}
