import type { LeaseRecord, StoreChange, StoreFault } from '../store.ts';
import type { FileContent } from './lease-file.ts';

/** What a follower of the store has been told of one file. */
export interface Told {
  readonly record: LeaseRecord | undefined;
  /** The reason of the last fault, while the file stays at fault. */
  readonly fault: string | undefined;
}

const nothing: Told = { record: undefined, fault: undefined };

export function isExpired(record: LeaseRecord, now: number): boolean {
  return record.expiresAt !== undefined && record.expiresAt <= now;
}

/**
 * Works out what to tell of a file, given what was told before. A lease whose file turns unreadable counts on as it
 * was until its time is over: most often it is only being written.
 */
export function compareWithTold(
  name: string,
  content: FileContent | undefined,
  before: Told = nothing,
  context: { readonly now: number; readonly describe: (name: string, reason: string) => StoreFault },
): { readonly told: Told | undefined; readonly changes: readonly StoreChange[] } {
  const fault = content?.kind === 'fault' ? content.reason : undefined;
  const read = content?.kind === 'lease' ? content.record : fault === undefined ? undefined : before.record;
  const record = read !== undefined && isExpired(read, context.now) ? undefined : read;
  const changes: StoreChange[] = [];
  if (fault !== undefined && fault !== before.fault) {
    changes.push({ kind: 'fault', fault: context.describe(name, fault) });
  }
  if (record === undefined) {
    if (before.record !== undefined) changes.push({ kind: 'delete', key: name });
  } else if (record.revision !== before.record?.revision) {
    changes.push({ kind: 'put', record });
  }
  return { told: record === undefined && fault === undefined ? undefined : { record, fault }, changes };
}
