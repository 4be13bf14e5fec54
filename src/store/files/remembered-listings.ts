import { randomUUID } from 'node:crypto';

import type { Cursor } from '../store.ts';
import type { DirectoryIdentity } from './lease-directory.ts';
import type { FileReport } from './file-report.ts';

/** The number of listings that are kept. A follower lists and then watches; a few others may list in between. */
const mostRemembered = 4;

/** The result of a listing, for the watch that continues from it. */
interface RememberedListing {
  readonly identity: DirectoryIdentity;
  readonly reports: ReadonlyMap<string, FileReport>;
}

/** The last listings, by their cursors. A directory does not keep a history, so a watch compares with its listing. */
export class RememberedListings {
  readonly #listings = new Map<Cursor, RememberedListing>();

  remember(listing: RememberedListing): Cursor {
    const cursor = randomUUID() as string as Cursor;
    this.#listings.set(cursor, listing);
    for (const old of this.#listings.keys()) {
      if (this.#listings.size <= mostRemembered) break;
      this.#listings.delete(old);
    }
    return cursor;
  }

  /** Finds the listing of a cursor. Undefined for a cursor of another store, or of a listing that is too old. */
  recall(cursor: Cursor): RememberedListing | undefined {
    return this.#listings.get(cursor);
  }
}
