import { setImmediate } from 'node:timers/promises';

import type { LeaseRecord, Listing, ListPart, StoreFault } from './store.ts';

/** The number of leases in a page of a list that was read at once. */
const pageSize = 1000;

/** Splits a list into pages. Between two of them, the commands for the leases of the first may start. */
export async function* pagesOf({ records, faults, cursor }: Listing): AsyncGenerator<ListPart, void, void> {
  yield { kind: 'begin' };
  for (let at = 0; at < records.length; at += pageSize) {
    yield { kind: 'page', records: records.slice(at, at + pageSize), faults: [] };
    await setImmediate();
  }
  yield { kind: 'page', records: [], faults };
  yield { kind: 'end', cursor };
}

/**
 * Reads a list to its end.
 *
 * @param onPage called with each page, while the store reads the next one
 */
export async function collectPages(
  parts: AsyncIterable<ListPart>,
  onPage: (records: readonly LeaseRecord[]) => void = () => undefined,
): Promise<Listing> {
  let records: LeaseRecord[] = [];
  let faults: StoreFault[] = [];
  for await (const part of parts) {
    switch (part.kind) {
      case 'begin':
        [records, faults] = [[], []];
        break;
      case 'page':
        for (const record of part.records) records.push(record);
        for (const fault of part.faults) faults.push(fault);
        onPage(part.records);
        break;
      case 'end':
        return { records, faults, cursor: part.cursor };
    }
  }
  throw new Error('a list of leases had no end');
}
