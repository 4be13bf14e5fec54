import { lstatSync, rmSync, writeFileSync } from 'node:fs';
import { access, constants, readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { claimedSubnets, parseLeaseKey } from '../../lease/wire.ts';
import { readFileClockLead } from '../../host/files/file-clock.ts';
import { readPlainFile } from '../../host/files/plain-file.ts';
import { isAbort } from '../../host/system-error.ts';
import { systemClock, type Clock } from '../../time/clock.ts';
import { pollsMs } from '../../time/retry.ts';
import {
  CursorLostError,
  oversizedLeaseHint,
  StoreError,
  type Cursor,
  type LeaseRecord,
  type LeaseStore,
  type Listing,
  type ListPart,
  type OpenMode,
  type StoreChange,
  type StoreFault,
  type StoredNetworkPlace,
} from '../store.ts';
import { collectPages } from '../pages.ts';
import { errorCode, filesStoreError } from './errors.ts';
import { layOutFiles, type FileLayout } from './layout.ts';
import { LeaseDirectory } from './lease-directory.ts';
import { decodeLeaseFile, encodeLeaseFile, largestLeaseFile } from './lease-file.ts';
import { withStoreLock } from './lock.ts';
import { LockQueue } from './lock-queue.ts';
import { RememberedListings } from './remembered-listings.ts';
import { compareWithReport, isExpired, isLongExpired, type FileReport } from './file-report.ts';
import { newMark, fileRevision } from './revision.ts';
import { StoreClock } from './store-clock.ts';
import { inOwnDirectory, useDirectory } from './use-directory.ts';
import { configMode, createByLink, createWhole, replaceWhole } from './write.ts';

/** The largest network configuration, in bytes. A usual one takes some hundred; with the commands of a recipe in it, some thousand. */
const largestConfig = 1 << 20;

const usualPageSize = 1000;

/** The time for which the last writes of a closed store may wait for its lock, in milliseconds. */
const lastTurnMs = 400;

export interface FilesStoreOptions {
  /** The mode of the store. With `read-only`, this process does not remove expired leases. Default `read-write`. */
  readonly mode?: OpenMode;
  readonly clock?: Clock;
  /** The time of a file's last write, by the clock of its file system; undefined if the file does not exist. */
  readonly fileTime?: (path: string) => number | undefined;
  /** The number of files in a page of a list. Default 1000. */
  readonly pageSize?: number;
  /** The interval between a watch's looks at every file. Default `pollsMs.watchedLeases`. */
  readonly rescanMs?: number;
}

/** Opens the store in a directory. Throws a {@link StoreError} that names the path and the reason if it cannot be used. */
export async function openFilesStore(
  directory: string,
  options: FilesStoreOptions = {},
): Promise<LeaseStore> {
  const layout = layOutFiles(directory);
  const { mode = 'read-write', ...rest } = options;
  await useDirectory(layout, mode);
  const store = new FilesStore(layout, mode !== 'read-only', rest);
  store.compareClocks();
  return store;
}

/** Leases as files of a directory that several processes share. Readers never lock; writers take turns. */
class FilesStore implements LeaseStore {
  readonly description: string;
  readonly #layout: FileLayout;
  readonly #isWritable: boolean;
  readonly #clock: StoreClock;
  readonly #fileTime: (path: string) => number | undefined;
  readonly #rescanMs: number;
  readonly #pageSize: number;
  readonly #directory: LeaseDirectory;
  readonly #writers: LockQueue;
  readonly #listings = new RememberedListings();
  readonly #closing = new AbortController();
  /** Aborted when no write waits for the lock any more. */
  readonly #leaving = new AbortController();

  constructor(
    layout: FileLayout,
    isWritable: boolean,
    { clock = systemClock, fileTime = readFileTime, ...options }: Omit<FilesStoreOptions, 'mode'>,
  ) {
    this.description = `files in ${layout.root}`;
    this.#layout = layout;
    this.#isWritable = isWritable;
    this.#clock = new StoreClock(clock, () => this.#measureTime());
    this.#fileTime = fileTime;
    this.#rescanMs = options.rescanMs ?? pollsMs.watchedLeases;
    this.#pageSize = options.pageSize ?? usualPageSize;
    this.#directory = new LeaseDirectory(layout.subnets);
    this.#writers = new LockQueue((work) => withStoreLock(layout.lock, work, this.#leaving.signal));
  }

  get clockLeadMs(): number | undefined {
    return this.#clock.leadMs;
  }

  examineWriting(): Promise<void> {
    return this.#attempt(`write into ${this.#layout.root}`, async () => {
      for (const path of [this.#layout.subnets, this.#layout.root]) await access(path, constants.W_OK);
    });
  }

  measureClockLead(): Promise<number | undefined> {
    const { root, subnets, config } = this.#layout;
    return this.#attempt(`look at ${root}`, async () => {
      const names = await readdir(subnets);
      const files = [subnets, config, ...names.map((name) => join(subnets, name))];
      return readFileClockLead(root, files, this.#clock.now());
    });
  }

  async readNetwork(): Promise<{ readonly name: string; readonly text: string } | undefined> {
    const name = this.#layout.config;
    const text = await this.#attempt(`read ${name}`, () => this.#readConfig());
    return text === undefined ? undefined : { name, text };
  }

  locateNetwork(): Promise<StoredNetworkPlace> {
    return Promise.resolve({ place: `the file ${this.#layout.config}`, cause: undefined });
  }

  /**
   * Writes the configuration without the lock if the file system has hard links. A link decides who was first, and taking the lock starts a
   * process.
   */
  createNetwork(text: string): Promise<string> {
    const { config, draft, newDraft } = this.#layout;
    return this.#write(`write ${config}`, async () => {
      const existing = await this.#readConfig();
      if (existing !== undefined) return existing;
      switch (await createByLink(newDraft(), config, text, configMode)) {
        case 'created':
          return text;
        case 'exists':
          return readPlainFile(config, largestConfig);
        case 'no-links':
          return this.#writers.run(async () => {
            const other = await this.#readConfig();
            if (other !== undefined) return other;
            await replaceWhole(draft, config, text, configMode);
            return text;
          });
      }
    });
  }

  withdrawNetwork(text: string): Promise<'withdrawn' | 'kept'> {
    const { config } = this.#layout;
    return this.#writeLocked(`remove ${config}`, async () => {
      if ((await this.#readConfig()) !== text) return 'kept';
      const { names } = await this.#directory.scan('at-once');
      if ([...names].some((name) => this.#isHeld(name))) return 'kept';
      await rm(config);
      return 'withdrawn';
    });
  }

  writeNetwork(text: string): Promise<void> {
    const { config, draft } = this.#layout;
    return this.#writeLocked(`write ${config}`, () => replaceWhole(draft, config, text, configMode));
  }

  list(): Promise<Listing> {
    return collectPages(this.listPages());
  }

  async *listPages(): AsyncGenerator<ListPart, void, void> {
    const pages = this.#directory.scanPages('at-once', this.#pageSize);
    const read = (): ReturnType<typeof pages.next> =>
      this.#attempt(`list the leases in ${this.#layout.subnets}`, () => pages.next());
    const reports = new Map<string, FileReport>();
    yield { kind: 'begin' };
    for (let page = await read(); ;) {
      if (page.done === true) {
        yield { kind: 'end', cursor: this.#listings.remember({ identity: page.value, reports }) };
        return;
      }
      const next = read();
      // It may fail while the caller works, or after the caller has left off.
      next.catch(() => undefined);
      yield this.#reportPage(page.value, reports);
      page = await next;
    }
  }

  /** The page of these files. What it reports is noted in `reports`. */
  #reportPage(names: readonly string[], reports: Map<string, FileReport>): ListPart {
    const records: LeaseRecord[] = [];
    const faults: StoreFault[] = [];
    const context = { now: this.#clock.now(), describe: this.#describeFault };
    for (const name of names) {
      const seen = compareWithReport(name, this.#directory.contentOf(name), undefined, context);
      if (seen.report !== undefined) reports.set(name, seen.report);
      for (const change of seen.changes) {
        if (change.kind === 'put') records.push(this.#clock.toMachine(change.record));
        if (change.kind === 'fault') faults.push(change.fault);
      }
    }
    return { kind: 'page', records, faults };
  }

  async readLease(key: string): Promise<LeaseRecord | undefined> {
    if (parseLeaseKey(key) === undefined) return undefined;
    const content = await this.#attempt(`read the lease ${key} in ${this.#layout.subnets}`, () => {
      this.#directory.identify();
      return Promise.resolve(this.#directory.look(key));
    });
    const isThere = content?.kind === 'lease' && !isExpired(content.record, this.#clock.now());
    return isThere ? this.#clock.toMachine(content.record) : undefined;
  }

  async *watch(cursor: Cursor, signal: AbortSignal): AsyncGenerator<readonly StoreChange[], void, void> {
    const listing = this.#listings.recall(cursor);
    if (listing === undefined) throw new CursorLostError(`the ${this.description} were listed again since`);
    const ended = AbortSignal.any([signal, this.#closing.signal]);
    // chokidar is loaded only for a watch.
    const { LeaseWatch } = await import('./lease-watch.ts');
    if (ended.aborted) return;
    const watch = new LeaseWatch({
      ...listing,
      layout: this.#layout,
      directory: this.#directory,
      clock: this.#clock,
      rescanMs: this.#rescanMs,
      describe: this.#describeFault,
      onExpired: (names) => this.#purge(names),
    });
    const close = (): void => void watch.close();
    ended.addEventListener('abort', close, { once: true });
    try {
      await watch.start();
      for (let batch = await watch.next(); batch !== undefined; batch = await watch.next()) {
        yield batch.map((change) =>
          change.kind === 'put' ? { ...change, record: this.#clock.toMachine(change.record) } : change,
        );
      }
    } finally {
      ended.removeEventListener('abort', close);
      await watch.close();
    }
  }

  async create(key: string, value: string, ttlSeconds: number | undefined): Promise<LeaseRecord | 'taken'> {
    const name = nameOf(key);
    return this.#write(`create the lease ${key} in ${this.#layout.subnets}`, async () => {
      const text = encodeText(key, value, ttlSeconds === undefined ? undefined : this.#expiry(ttlSeconds));
      // A node that lost the race need not queue for the lock.
      if (this.#isHeld(key)) return 'taken';
      return this.#writers.run(async () => {
        if (this.#isHeld(key)) return 'taken';
        const { draft, subnets } = this.#layout;
        const isDone = await inOwnDirectory(subnets, async (directory) => {
          const path = join(directory, name);
          if (this.#directory.contentOf(key) === undefined) return createWhole(draft, path, text);
          await replaceWhole(draft, path, text);
          return true;
        });
        if (!isDone) return 'taken';
        return this.#noteWritten(key, text);
      });
    });
  }

  async replace(
    previous: LeaseRecord,
    value: string,
    ttlSeconds: number | undefined,
  ): Promise<LeaseRecord | 'gone'> {
    const { key } = previous;
    const name = nameOf(key);
    return this.#writeLocked(`write the lease ${key} in ${this.#layout.subnets}`, async () => {
      const current = this.#lookForUnchanged(previous);
      if (current === undefined) return 'gone';
      const isReservation = current.expiresAt === undefined || ttlSeconds === undefined;
      const text = encodeText(key, value, isReservation ? undefined : this.#expiry(ttlSeconds));
      const { draft, subnets } = this.#layout;
      await inOwnDirectory(subnets, (directory) => replaceWhole(draft, join(directory, name), text));
      return this.#noteWritten(key, text);
    });
  }

  async remove(previous: LeaseRecord): Promise<'removed' | 'gone'> {
    const name = nameOf(previous.key);
    return this.#writeLocked(`remove the lease ${previous.key} from ${this.#layout.subnets}`, async () => {
      if (this.#lookForUnchanged(previous) === undefined) return 'gone';
      await inOwnDirectory(this.#layout.subnets, (directory) => rm(join(directory, name), { force: true }));
      return 'removed';
    });
  }

  async discard(key: string): Promise<'removed' | 'gone'> {
    // A key with a slash cannot be a name in the directory.
    if (basename(key) !== key || this.#directory.look(key) === undefined) return 'gone';
    return this.#writeLocked(`remove ${key} from ${this.#layout.subnets}`, async () => {
      if (this.#directory.look(key) === undefined) return 'gone';
      await inOwnDirectory(this.#layout.subnets, (directory) => rm(join(directory, key), { force: true }));
      return 'removed';
    });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    const timer = setTimeout(() => this.#leaving.abort(), lastTurnMs);
    await this.#writers.idle();
    clearTimeout(timer);
  }

  async #readConfig(): Promise<string | undefined> {
    try {
      return readPlainFile(this.#layout.config, largestConfig);
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
      // A missing document is allowed, but a missing directory is an error.
      await access(this.#layout.subnets);
      return undefined;
    }
  }

  /** Compares this machine's clock with the file system's, if this process may write. */
  compareClocks(): void {
    if (this.#isWritable) this.#clock.compare();
  }

  /** Writes a file for its time, and removes it. A later start removes the files of killed processes. */
  #measureTime(): number | undefined {
    const path = this.#layout.newDraft();
    try {
      writeFileSync(path, '\n', { flag: 'wx' });
      const time = this.#fileTime(path);
      rmSync(path);
      return time;
    } catch {
      return undefined;
    }
  }

  #noteWritten(key: string, text: string): LeaseRecord {
    this.#clock.noteWrite(this.#fileTime(join(this.#layout.subnets, key)));
    return this.#clock.toMachine(readBack(key, text));
  }

  /** Removes the files of leases that expired long ago. No call waits for this, because these leases count as absent anyway. */
  #purge(names: readonly string[]): void {
    if (!this.#isWritable || this.#closing.signal.aborted) return;
    const removal = this.#writeLocked('remove expired leases', async () => {
      this.#clock.compare();
      // This machine's clock alone may be weeks ahead. A removal can wait.
      if (this.#clock.leadMs === undefined) return;
      await inOwnDirectory(this.#layout.subnets, async (directory) => {
        for (const name of names) {
          const content = this.#directory.look(name);
          if (content?.kind !== 'lease' || !isLongExpired(content.record, this.#clock.now())) continue;
          await rm(join(directory, nameOf(name)), { force: true });
        }
      });
    });
    // The next look finds the rest, and tries again.
    removal.catch(() => undefined);
  }

  /** Whether a key is taken. An unreadable file may be a lease that is just being written, so it must not be overwritten. */
  #isHeld(key: string): boolean {
    const content = this.#directory.look(key);
    return (
      content !== undefined && (content.kind === 'fault' || !isExpired(content.record, this.#clock.now()))
    );
  }

  /** The lease under a record's key; undefined unless it is still that record and has not expired. */
  #lookForUnchanged(previous: LeaseRecord): LeaseRecord | undefined {
    const content = this.#directory.look(previous.key);
    if (content?.kind !== 'lease' || isExpired(content.record, this.#clock.now())) return undefined;
    return content.record.revision === previous.revision ? content.record : undefined;
  }

  #expiry(ttlSeconds: number): number {
    return this.#clock.now() + ttlSeconds * 1000;
  }

  readonly #describeFault = (name: string, reason: string): StoreFault => ({
    where: join(this.#layout.subnets, name),
    reason,
    ...(claimedSubnets(name) !== undefined && { key: name }),
  });

  #write<T>(action: string, work: () => Promise<T>): Promise<T> {
    if (!this.#isWritable) {
      const message = `cannot ${action}: the store was opened only for reading`;
      return Promise.reject(new StoreError(message, { retryable: false }));
    }
    return this.#attempt(action, work);
  }

  #writeLocked<T>(action: string, work: () => Promise<T>): Promise<T> {
    return this.#write(action, () => this.#writers.run(work));
  }

  async #attempt<T>(action: string, work: () => Promise<T>): Promise<T> {
    const closed = (): StoreError =>
      new StoreError(`cannot ${action}: the store is closed`, { retryable: false });
    if (this.#closing.signal.aborted) throw closed();
    try {
      return await work();
    } catch (error) {
      if (isAbort(error)) throw closed();
      throw filesStoreError(action, error);
    }
  }
}

function readFileTime(path: string): number | undefined {
  return lstatSync(path, { throwIfNoEntry: false })?.mtimeMs;
}

/** The file name of a key. Throws for a text that is not a key, because names come from other machines. */
function nameOf(key: string): string {
  if (parseLeaseKey(key) !== undefined) return key;
  throw new StoreError(`${JSON.stringify(key)} is not a lease’s key like 10.50.4.0-24`, { retryable: false });
}

function encodeText(key: string, value: string, expiresAt: number | undefined): string {
  const text = encodeLeaseFile(value, expiresAt, newMark());
  if (text !== undefined && Buffer.byteLength(text) <= largestLeaseFile) return text;
  const what = text === undefined ? 'not a JSON object' : `larger than ${largestLeaseFile} bytes`;
  throw new StoreError(`the value for the lease ${key} is ${what}`, {
    retryable: false,
    hint: oversizedLeaseHint,
  });
}

function readBack(key: string, text: string): LeaseRecord {
  const content = decodeLeaseFile(key, text, fileRevision);
  if (content.kind === 'lease') return content.record;
  throw new StoreError(`the lease ${key} cannot be written: it ${content.reason}`, { retryable: false });
}
