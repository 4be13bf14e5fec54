import type { LeaseRecord, Listing, ListPart, StoreFault } from './store.ts';

/** Reads a list to its end. */
export async function collectPages(parts: AsyncIterable<ListPart>): Promise<Listing> {
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
        break;
      case 'end':
        return { records, faults, cursor: part.cursor };
    }
  }
  throw new Error('a list of leases had no end');
}
