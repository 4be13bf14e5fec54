import { SubnetSurvey, type AcquisitionPlan } from '../lease/acquire.ts';
import type { LeaseAttributes, LeaseSubnets } from '../lease/lease.ts';
import { claimedSubnets, decodeLease } from '../lease/wire.ts';
import type { NetworkConfiguration } from '../network/configuration.ts';
import type { PublicAddresses } from '../network/public-addresses.ts';
import type { LeaseRecord, LeaseStore, Listing } from './store.ts';

/** The lease that a node wrote last. A lease in the store is that lease if it has this key, and this revision or this value. */
export interface WrittenLease {
  readonly key: string;
  /** The revision of the last write that the store confirmed; undefined if there was none. */
  readonly revision: string | undefined;
  /** The value of a write that the store may have done, but did not confirm; undefined if there was none. */
  readonly writing: string | undefined;
}

/** The node that asks for a lease, and its network. */
export interface Applicant extends PublicAddresses {
  readonly configuration: NetworkConfiguration;
  /** The subnets in the subnet file of the last run. */
  readonly hint: LeaseSubnets | undefined;
  /** The lease that this node wrote last, with any addresses. */
  readonly earlier: WrittenLease | undefined;
  /** Lists the MAC addresses and keys of a lease, for {@link StoreSurvey.mayHave}. By default, none are kept. */
  readonly identitiesOf?: (attributes: LeaseAttributes) => readonly string[];
}

/**
 * The facts of all leases that a start needs before this node has its own: they say which lease the node gets, and whether another node may
 * have its MAC address or key. The survey takes a page of leases, and keeps this node's records, numbers and short texts only, so that the page can be dropped.
 */
export class StoreSurvey {
  readonly #applicant: Applicant;
  readonly #subnets: SubnetSurvey;
  /** The records of this node's leases by key. */
  readonly #own = new Map<string, LeaseRecord>();
  readonly #identities = new Set<string>();

  constructor(applicant: Applicant) {
    this.#applicant = applicant;
    this.#subnets = new SubnetSurvey(applicant);
  }

  /** Takes a part of a list. An entry that cannot be read, or is not a lease, still occupies its range. */
  take({ records, faults }: Pick<Listing, 'records' | 'faults'>): void {
    for (const record of records) this.#takeRecord(record);
    for (const { key } of faults) if (key !== undefined) this.block(key);
  }

  #takeRecord(record: LeaseRecord): void {
    const decoded = decodeLease(record);
    if (decoded.kind === 'malformed') {
      this.block(record.key);
      return;
    }
    const { lease } = decoded;
    if (this.#subnets.add(lease, this.#isEarlier(record))) this.#own.set(record.key, record);
    for (const identity of this.#applicant.identitiesOf?.(lease.attributes) ?? [])
      this.#identities.add(identity);
  }

  #isEarlier({ key, revision, value }: LeaseRecord): boolean {
    const { earlier } = this.#applicant;
    return key === earlier?.key && (revision === earlier.revision || value === earlier.writing);
  }

  /** Adds the subnets of a key that holds something else than a readable lease. */
  block(key: string): void {
    const subnets = claimedSubnets(key);
    if (subnets !== undefined) this.#subnets.block(subnets);
  }

  plan(random: () => number): AcquisitionPlan {
    return this.#subnets.plan({ hint: this.#applicant.hint, random });
  }

  /** The record of a lease of this node. */
  own(key: string): LeaseRecord | undefined {
    return this.#own.get(key);
  }

  /** Whether a lease has one of these identities, this node's own leases included. */
  mayHave(identities: readonly string[]): boolean {
    return identities.some((identity) => this.#identities.has(identity));
  }

  /** Whether this is the survey of a node with these addresses. */
  isFor({ publicIp, publicIpv6 }: PublicAddresses): boolean {
    return this.#applicant.publicIp === publicIp && this.#applicant.publicIpv6 === publicIpv6;
  }
}

/**
 * Reads all leases page by page, each while the store reads the next one. Throws the errors of the store.
 *
 * @param refused keys that could not be created: one that the list does not show is blocked, because an unreadable entry stands there. Keys
 *   that turn out to be leases are removed.
 */
export async function surveyStore(
  store: Pick<LeaseStore, 'listPages'>,
  applicant: Applicant,
  refused = new Set<string>(),
): Promise<StoreSurvey> {
  let survey = new StoreSurvey(applicant);
  for await (const part of store.listPages()) {
    switch (part.kind) {
      case 'begin':
        survey = new StoreSurvey(applicant);
        break;
      case 'page':
        for (const { key } of part.records) refused.delete(key);
        survey.take(part);
        break;
      case 'end':
        for (const key of refused) survey.block(key);
        return survey;
    }
  }
  throw new Error('a list of leases had no end');
}

/** The survey of some records alone. */
export function surveyOf(applicant: Applicant, listing: Pick<Listing, 'records' | 'faults'>): StoreSurvey {
  const survey = new StoreSurvey(applicant);
  survey.take(listing);
  return survey;
}
