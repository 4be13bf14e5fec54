import type { LeaseRecord } from './store.ts';
import type { StoreSurvey } from './survey.ts';

/** The part of a store's content that a start knows before it has its lease. */
export type KnownContent =
  /** The facts of all leases that decide the subnet. */
  | { readonly kind: 'survey'; readonly survey: StoreSurvey }
  /**
   * Only this node's lease, which alone decides what subnet the node gets. `record` is undefined if the store assigns the subnet, and the
   * node has not written its lease yet.
   */
  | { readonly kind: 'own-lease'; readonly record: LeaseRecord | undefined };

/** A slot that hands the known content of the store to the next step of a start. It is empty once the last step has taken the content. */
export class ContentSlot {
  #content: KnownContent | undefined;

  keep(content: KnownContent): void {
    this.#content = content;
  }

  /** The content, which stays for the next step. */
  look(): KnownContent | undefined {
    return this.#content;
  }

  take(): KnownContent | undefined {
    const content = this.#content;
    this.#content = undefined;
    return content;
  }
}
