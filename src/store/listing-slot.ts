import type { Listing } from './store.ts';

/**
 * A slot that hands a listing to the next step of a start. A start needs the content of the store three times, and the
 * write of the lease and the watch notice later changes. A listing is taken only once, because it would keep every
 * record in memory.
 */
export class ListingSlot {
  #listing: Listing | undefined;

  keep(listing: Listing): void {
    this.#listing = listing;
  }

  take(): Listing | undefined {
    const listing = this.#listing;
    this.#listing = undefined;
    return listing;
  }
}
