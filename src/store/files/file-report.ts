import type { LeaseRecord, StoreChange, StoreFault } from '../store.ts';
import type { FileContent } from './lease-file.ts';

/** The state of one file as a follower of the store knows it. */
export interface FileReport {
  readonly record: LeaseRecord | undefined;
  /** The reason of the last fault, for as long as the file has it. */
  readonly fault: string | undefined;
}

const nothing: FileReport = { record: undefined, fault: undefined };

export function isExpired(record: LeaseRecord, now: number): boolean {
  return record.expiresAt !== undefined && record.expiresAt <= now;
}

/**
 * The time for which the file of an expired lease stays, in milliseconds, so that a node with a fast clock does not remove a valid lease.
 */
const keptAfterEndMs = 7 * 24 * 3600 * 1000;

export function isLongExpired(record: LeaseRecord, now: number): boolean {
  return isExpired(record, now - keptAfterEndMs);
}

/**
 * Determines the change to report for a file, from the last reported state. If a lease's file becomes unreadable, the
 * lease stays until it expires, because most often the file is only being written.
 */
export function compareWithReport(
  name: string,
  content: FileContent | undefined,
  before: FileReport = nothing,
  context: { readonly now: number; readonly describe: (name: string, reason: string) => StoreFault },
): { readonly report: FileReport | undefined; readonly changes: readonly StoreChange[] } {
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
  return { report: record === undefined && fault === undefined ? undefined : { record, fault }, changes };
}
