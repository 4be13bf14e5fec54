import { basename } from 'node:path';
import { setImmediate } from 'node:timers/promises';

import type { Clock } from '../../time/clock.ts';
import { OneAtATime } from '../../time/one-at-a-time.ts';
import { pollsMs } from '../../time/retry.ts';
import { CursorLostError, type StoreChange, type StoreFault } from '../store.ts';
import {
  watchDirectory,
  watchLargeDirectory,
  type DirectoryEvents,
  type DirectoryWatcher,
} from '../../host/files/directory-watcher.ts';
import { describeError, filesStoreError } from './errors.ts';
import { ExpiryQueue } from './expiry-queue.ts';
import { inSlices } from '../../time/in-slices.ts';
import type { FileLayout } from './layout.ts';
import type { DirectoryIdentity, LeaseDirectory } from './lease-directory.ts';
import { compareWithReport, isLongExpired, type FileReport } from './file-report.ts';

/** The time for which a new file may stay unreadable before it is reported, in milliseconds: `cp` and editors write in place. */
const settleMs = 100;
/** The largest share of the time for which scans run. During a scan, a quarter of the time is work. */
const scanShare = 1 / 12;

interface LeaseWatchOptions {
  readonly layout: FileLayout;
  readonly directory: LeaseDirectory;
  /** The directory that was listed, with the leases of that listing. */
  readonly identity: DirectoryIdentity;
  readonly reports: ReadonlyMap<string, FileReport>;
  readonly clock: Clock;
  /** The interval between looks at every file, because a shared mount does not report the changes of other machines. */
  readonly rescanMs: number;
  readonly describe: (name: string, reason: string) => StoreFault;
  /** Called with the files of leases that expired long ago. */
  readonly onExpired: (names: readonly string[]) => void;
}

/**
 * The state of a watch. The reader gets the pending changes before a failure.
 *
 *     following (events) ──blind──▶ following (polls)
 *             │                           │
 *             ├──────────── fail ─────────┤
 *             │                           ▼
 *             │                        failed
 *             │                           │
 *             └───────── close ───────────┴──▶ closed
 */
type WatchState =
  /** `polls`: the kernel does not report changes, so the watch looks at every file often. */
  | { readonly kind: 'following'; readonly by: 'events' | 'polls' }
  | { readonly kind: 'failed'; readonly failure: unknown }
  | { readonly kind: 'closed' };

/**
 * Follows a directory of leases. An event only names a file to look at. The watch reports the difference between the present state and the
 * last reported one, so lost, repeated or reordered events cannot cause a wrong result. Pending changes are merged by key, so a slow reader
 * does not cost memory.
 */
export class LeaseWatch {
  readonly #options: LeaseWatchOptions;
  readonly #reports: Map<string, FileReport>;
  readonly #expiries = new ExpiryQueue();
  /** The names that events asked to look at. */
  readonly #suspects = new Set<string>();
  readonly #looking = new OneAtATime(() => this.#lookAtSuspects());
  /** The names of unreadable files, until their time to settle is over. */
  readonly #unsettled = new Map<string, () => void>();
  #pending = new Map<string, StoreChange>();
  #state: WatchState = { kind: 'following', by: 'events' };
  #wakeReader: () => void = () => undefined;
  #rescanning: Promise<void> | undefined;
  #cancelRescan: () => void = () => undefined;
  #cancelExpiry: () => void = () => undefined;
  readonly #watchers: DirectoryWatcher[] = [];

  constructor(options: LeaseWatchOptions) {
    this.#options = options;
    this.#reports = new Map(options.reports);
    for (const [name, { record }] of this.#reports) {
      if (record?.expiresAt !== undefined) this.#expiries.add(name, record.expiresAt);
    }
  }

  /** Begins to watch, and catches up with the changes since the listing. */
  async start(): Promise<void> {
    const { layout } = this.#options;
    const leases = watchLargeDirectory(
      layout.subnets,
      this.#events((name, event) => {
        if (name === basename(layout.subnets)) this.#onDirectoryEvent(event);
        else this.#suspect(name);
      }),
    );
    this.#watchers.push(leases);
    const landmarks = [basename(layout.subnets), basename(layout.root)];
    const root = await watchDirectory(
      layout.root,
      this.#events((name, event) => {
        if (landmarks.includes(name)) this.#onDirectoryEvent(event);
      }),
    );
    this.#watchers.push(root);
    await this.#rescan();
  }

  /** Waits for changes. Undefined once closed. Throws an error after which the watch cannot go on. */
  async next(): Promise<readonly StoreChange[] | undefined> {
    for (;;) {
      const state = this.#state;
      if (state.kind === 'closed') return undefined;
      if (this.#pending.size > 0) return this.#takePending();
      switch (state.kind) {
        case 'following':
          await new Promise<void>((resolve) => (this.#wakeReader = resolve));
          break;
        case 'failed':
          throw state.failure;
      }
    }
  }

  #takePending(): readonly StoreChange[] {
    const changes = [...this.#pending.values()];
    this.#pending = new Map();
    return changes;
  }

  get #isClosed(): boolean {
    return this.#state.kind === 'closed';
  }

  async close(): Promise<void> {
    this.#state = { kind: 'closed' };
    this.#cancelRescan();
    this.#cancelExpiry();
    for (const cancel of this.#unsettled.values()) cancel();
    this.#wakeReader();
    await Promise.all(this.#watchers.splice(0).map((watcher) => watcher.close()));
    await Promise.all([this.#looking.idle(), this.#rescanning]);
  }

  #events(onName: DirectoryEvents['onName']): DirectoryEvents {
    return { onName, onBlind: (error) => this.#onBlind(error) };
  }

  /** Ends the watch if the directory was moved or removed, because another one may be at its path now. */
  #onDirectoryEvent(event: string): void {
    if (event !== 'rename') return;
    if (this.#isReplaced()) return;
    // A new directory often has the inode number of the one that was just removed.
    this.#fail(new CursorLostError(`${this.#options.layout.subnets} was created again`));
  }

  /** Whether the listed directory is gone. If so, the watch has failed. */
  #isReplaced(): boolean {
    const { directory, identity } = this.#options;
    try {
      if (directory.identify() === identity) return false;
      this.#fail(new CursorLostError(`${directory.path} is now another directory`));
    } catch (error) {
      this.#fail(filesStoreError(`follow the leases in ${directory.path}`, error));
    }
    return true;
  }

  #fail(failure: unknown): void {
    if (this.#state.kind === 'following') this.#state = { kind: 'failed', failure };
    this.#wakeReader();
  }

  #onBlind(error: unknown): void {
    if (this.#state.kind !== 'following' || this.#state.by === 'polls') return;
    this.#state = { kind: 'following', by: 'polls' };
    const reason = `does not report changes, so heddle looks every ${pollsMs.unwatchedLeases} ms: ${describeError(error)}`;
    this.#pending.set('blind', { kind: 'fault', fault: { where: this.#options.directory.path, reason } });
    this.#wakeReader();
    this.#scheduleRescan(pollsMs.unwatchedLeases);
  }

  #suspect(name: string): void {
    this.#suspects.add(name);
    void this.#looking.run();
  }

  async #lookAtSuspects(): Promise<void> {
    if (this.#isClosed) return;
    // Events of one moment arrive one by one. After this, they make one batch.
    await setImmediate();
    const names = [...this.#suspects];
    this.#suspects.clear();
    await inSlices(names, 'at-once', (name) => this.#look(name));
    this.#finishLook();
  }

  #look(name: string): void {
    const content = this.#options.directory.look(name);
    if (content?.kind === 'fault' && this.#letSettle(name, content.reason)) return;
    // If the whole directory is gone, its leases were not removed one by one.
    if (content === undefined && this.#isReplaced()) return;
    this.#compare(name);
  }

  /** Whether to wait before a file is reported as unreadable for a new reason. */
  #letSettle(name: string, reason: string): boolean {
    if (this.#reports.get(name)?.fault === reason) return false;
    if (this.#unsettled.has(name)) return true;
    const cancel = this.#options.clock.after(settleMs, () => {
      this.#unsettled.delete(name);
      this.#options.directory.look(name);
      this.#compare(name);
      this.#finishLook();
    });
    this.#unsettled.set(name, cancel);
    return true;
  }

  /** Compares the known state of a file with the reported one, and merges the difference into the pending changes. */
  #compare(name: string): void {
    const { directory, clock, describe } = this.#options;
    const content = directory.contentOf(name);
    const { report, changes } = compareWithReport(name, content, this.#reports.get(name), {
      now: clock.now(),
      describe,
    });
    if (report === undefined) this.#reports.delete(name);
    else this.#reports.set(name, report);
    for (const change of changes) {
      const slot = `${change.kind === 'fault' ? 'fault' : 'lease'} ${name}`;
      // The newest state belongs at the end.
      this.#pending.delete(slot);
      this.#pending.set(slot, change);
      if (change.kind !== 'put' || change.record.expiresAt === undefined) continue;
      this.#expiries.add(name, change.record.expiresAt);
    }
  }

  #finishLook(): void {
    if (this.#pending.size > 0) this.#wakeReader();
    this.#scheduleExpiry();
  }

  #scheduleExpiry(): void {
    this.#cancelExpiry();
    const { earliest } = this.#expiries;
    if (earliest === undefined || this.#isClosed) return;
    const { clock } = this.#options;
    this.#cancelExpiry = clock.after(earliest - clock.now(), () => this.#expire());
  }

  #expire(): void {
    const due = this.#expiries.takeDue(this.#options.clock.now());
    for (const name of due) this.#compare(name);
    this.#reportExpired(due);
    this.#finishLook();
  }

  #reportExpired(names: Iterable<string>): void {
    const { directory, clock, onExpired } = this.#options;
    const now = clock.now();
    const expired = [...names].filter((name) => {
      const content = directory.contentOf(name);
      return content?.kind === 'lease' && isLongExpired(content.record, now);
    });
    if (expired.length > 0) onExpired(expired);
  }

  /** Looks at every file. Never rejects. */
  async #rescan(): Promise<void> {
    const { directory, identity } = this.#options;
    const startedAt = performance.now();
    try {
      const scan = await directory.scan('in-background');
      if (scan.identity !== identity) throw new CursorLostError(`${directory.path} is now another directory`);
      await inSlices(scan.names, 'in-background', (name) => {
        if (!this.#unsettled.has(name)) this.#compare(name);
      });
    } catch (error) {
      this.#fail(filesStoreError(`list the leases in ${directory.path}`, error));
      return;
    }
    if (this.#isClosed) return;
    this.#reportExpired(directory.names());
    this.#finishLook();
    const isPolling = this.#state.kind === 'following' && this.#state.by === 'polls';
    const interval = isPolling ? pollsMs.unwatchedLeases : this.#options.rescanMs;
    this.#scheduleRescan(Math.max(interval, (performance.now() - startedAt) / scanShare));
  }

  #scheduleRescan(delayMs: number): void {
    this.#cancelRescan();
    if (this.#isClosed) return;
    this.#cancelRescan = this.#options.clock.after(delayMs, () => {
      this.#rescanning = this.#rescan();
    });
  }
}
