import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { Failure } from '../../diagnostic/failure.ts';
import type { Json } from '../../lease/lease.ts';
import { writeFileAtomically } from '../files/atomic-file.ts';
import { PlainFileError } from '../files/plain-file-error.ts';
import { openFileHandle } from '../files/plain-file.ts';
import { DamagedJournal } from './damaged-journal.ts';
import { countWholeBytes, parseJournal, renderJournal } from './journal-lines.ts';
import { explainError } from '../system-error.ts';

/** The entries of a journal, the oldest first. Only the engine knows their meaning. Every method may throw a Failure. */
export interface Journal {
  readonly path: string;
  /** Reads all entries, one a line; one that a crash tore is left out. Throws {@link DamagedJournal} for other damage. */
  read(): Promise<readonly Json[]>;
  /** Appends entries, all of them or none, in one write. */
  append(entries: readonly Json[]): Promise<void>;
  /** Replaces all entries with these, at once. */
  rewrite(entries: readonly Json[]): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens a journal: JSON lines, readable by the owner only. A missing file is made. An append does not sync the journal to disk, because the
 * journal describes the state of the kernel, which a power failure also clears. Calls run in the order in which they are made.
 */
export async function openJournal(path: string): Promise<Journal> {
  const file = new JournalFile(path);
  try {
    await file.open();
  } catch (error) {
    await file.close();
    throw error;
  }
  return file;
}

class JournalFile implements Journal {
  readonly path: string;
  #handle: FileHandle | undefined;
  /** The offset of the next entry. */
  #size = 0;
  /** Whether a crash left half an entry after that offset. */
  #torn = false;
  #last: Promise<unknown> = Promise.resolve();

  constructor(path: string) {
    this.path = path;
  }

  open(): Promise<void> {
    return this.#inTurn('opened', async () => {
      await this.#reopen();
      await this.#load();
    });
  }

  read(): Promise<readonly Json[]> {
    return this.#inTurn('read', () => this.#load());
  }

  append(entries: readonly Json[]): Promise<void> {
    return this.#inTurn('written', async () => {
      if (entries.length > 0) await this.#write(Buffer.from(renderJournal(entries)));
    });
  }

  rewrite(entries: readonly Json[]): Promise<void> {
    return this.#inTurn('written', async () => {
      const text = renderJournal(entries);
      await writeFileAtomically(this.path, text, 0o600);
      await this.#reopen();
      this.#size = Buffer.byteLength(text);
      this.#torn = false;
    });
  }

  close(): Promise<void> {
    return this.#inTurn('closed', async () => {
      await this.#handle?.close();
      this.#handle = undefined;
    });
  }

  #inTurn<T>(what: string, work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work).catch((error: unknown) => {
      if (error instanceof Failure) throw error;
      if (error instanceof PlainFileError) throw new DamagedJournal(this.path, `it ${error.reason}`);
      throw this.#failure(`could not be ${what}: ${explainError(error)}`);
    });
    this.#last = done.catch(() => undefined);
    return done;
  }

  #failure(why: string): Failure {
    return new Failure('state-directory', `the journal ${this.path} ${why}`, {
      hint: 'check the permissions and the free space of its directory, or give another one with --state-dir',
    });
  }

  async #reopen(): Promise<void> {
    const previous = this.#handle;
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
    this.#handle = await openFileHandle(this.path, flags, 0o600);
    await previous?.close();
  }

  /** Reads the file at the path, which another program may have replaced. */
  async #readBytes(): Promise<Buffer> {
    const file = await openFileHandle(this.path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      return await file.readFile();
    } finally {
      await file.close();
    }
  }

  async #load(): Promise<readonly Json[]> {
    const bytes = await this.#readBytes();
    const wholeBytes = countWholeBytes(bytes);
    const journal = parseJournal(bytes.toString('utf8', 0, wholeBytes));
    if (journal.kind === 'corrupt') throw DamagedJournal.at(this.path, journal.line, journal.reason);
    this.#size = wholeBytes;
    this.#torn = bytes.length > wholeBytes;
    return journal.entries;
  }

  async #write(bytes: Buffer): Promise<void> {
    if (this.#handle === undefined) throw this.#failure('is closed');
    try {
      if (this.#torn) await this.#handle.truncate(this.#size);
      this.#torn = false;
      const { bytesWritten } = await this.#handle.write(bytes, 0, bytes.length, this.#size);
      if (bytesWritten < bytes.length) throw new Error('no space left on device');
    } catch (error) {
      // Half an entry must not become the beginning of the next one.
      await this.#handle.truncate(this.#size).catch(() => (this.#torn = true));
      throw error;
    }
    this.#size += bytes.length;
  }
}
