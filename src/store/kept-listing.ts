import type { Listing } from './store.ts';

/**
 * A listing on its way to whoever needs one next: on the way up a node asks three times what the store holds, and what
 * has changed since is seen in the writing and in the watch. Taken once, because it would keep every record in memory.
 */
export class KeptListing {
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
