import type { AcquisitionPlan } from '../lease/acquire.ts';
import type { PublicAddresses } from '../network/public-addresses.ts';
import type { LeaseRecord, Listing } from './store.ts';

/** A choice of a node's subnet, with the addresses by which the node was known. */
interface SubnetChoice extends PublicAddresses {
  readonly plan: AcquisitionPlan;
}

/** The part of a store's content that a start knows. */
export type KnownContent =
  | {
      readonly kind: 'everything';
      readonly listing: Listing;
      /** The choice from this list, if it was made already. */
      readonly choice?: SubnetChoice;
    }
  /**
   * Only this node's lease, which alone decides what subnet the node gets. `record` is undefined if the store assigns the subnet, and the
   * node has not written its lease yet.
   */
  | { readonly kind: 'own-lease'; readonly record: LeaseRecord | undefined };

/**
 * A slot that hands the known content of the store to the next step of a start. A start needs it three times, and the write of the lease and
 * the watch notice later changes. The content is taken only once, because it would keep every record in memory.
 */
export class ListingSlot {
  #content: KnownContent | undefined;

  keep(content: KnownContent): void {
    this.#content = content;
  }

  take(): KnownContent | undefined {
    const content = this.#content;
    this.#content = undefined;
    return content;
  }

  /** Takes the list of all leases. Undefined if it has not been read. */
  takeListing(): Listing | undefined {
    const content = this.take();
    return content?.kind === 'everything' ? content.listing : undefined;
  }
}
