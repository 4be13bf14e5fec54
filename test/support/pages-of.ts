import { setImmediate } from 'node:timers/promises';
import type { Listing, ListPart } from '../../src/store/store.ts';

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
