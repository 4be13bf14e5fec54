import { formatCidr } from '../network/cidr.ts';
import { mapFamilies, presentValues, zipFamilies, type PerFamily } from '../network/per-family.ts';
import { listPublicAddresses } from '../network/public-addresses.ts';
import { Claims } from './claims.ts';
import type { SharedThing } from './claims.ts';
import { identitiesOfPeer } from './identities.ts';
import type { Identity } from './identities.ts';
import { checkPeer } from './check-peer.ts';
import type { OwnClaim, PeerRules } from './check-peer.ts';
import type { Lease, LeaseSubnets, Peer } from './lease.ts';
import { findDisagreement } from './agreed-fields.ts';
import { keyOf, OpenList, type LeaseReading } from './open-list.ts';
import { SubnetTrie } from './subnet-trie.ts';
import { UnreachableLeases, type UnreachableGroup } from './unreachable.ts';
import { parseLeaseKey } from './wire.ts';

/** The effect of a change in the store on this node. */
export type RosterChange =
  | { readonly kind: 'put'; readonly peer: Peer }
  | { readonly kind: 'delete'; readonly key: string }
  /** The lease is rejected: no command runs for it, and its last good state stays. Reported once for as long as the reason is the same. */
  | { readonly kind: 'rejected'; readonly key: string; readonly because: string }
  /** Several accepted leases claim one underlay address. Reported once for each further lease. */
  | ({ readonly kind: 'shared-address' } & SharedAddress);

type LeaseStanding =
  | { readonly kind: 'accepted'; readonly peer: Peer; readonly subnets: LeaseSubnets }
  | { readonly kind: 'ignored' }
  | { readonly kind: 'reserved' }
  | { readonly kind: 'own' };

export interface RosterCounts {
  readonly accepted: number;
  /** The number of leases of other backend types. */
  readonly ignored: number;
  readonly rejected: number;
  /** The number of leases of nodes that run a different network than this node, accepted or ignored. */
  readonly unreachable: number;
}

/** An underlay address that several leases claim for their nodes. */
export interface SharedAddress {
  readonly address: string;
  /** The keys of the leases, the first claimant first. */
  readonly keys: readonly string[];
}

function toSharedAddress({ thing, keys }: SharedThing<string>): SharedAddress {
  return { address: thing, keys };
}

/** A MAC address or a key that several nodes have, with those nodes. */
export interface SharedIdentity {
  readonly identity: Identity;
  readonly peers: readonly Peer[];
}

/** A value of this node, and the keys of the leases that claim it. */
interface ClaimedByOthers {
  readonly claim: OwnClaim;
  readonly keys: readonly string[];
}

/**
 * Whether a list is being read.
 *
 *     whole ──beginList──▶ pages ──endList──▶ whole
 *                          ▲   │
 *                          └───┘ beginList: the pages so far do not count
 */
type ListReading = { readonly kind: 'whole' } | { readonly kind: 'pages'; readonly list: OpenList };

/** The subnets of this node's own lease. The lease is not a peer, and no peer may overlap it. */
export interface OwnSubnets {
  readonly key: string;
  readonly subnets: LeaseSubnets;
}

/**
 * Keeps every lease of the store with this node's verdict on it. When two leases overlap, the first accepted one stands. When it goes, the
 * other one is judged again.
 */
export class Roster {
  readonly #rules: PeerRules;
  readonly #own: OwnSubnets;
  readonly #standings = new Map<string, LeaseStanding>();
  readonly #rejections = new Map<string, string>();
  /** The rejected leases that claim something of this node, with the claimed value. */
  readonly #ownClaims = new Map<string, OwnClaim>();
  readonly #addresses = new Claims<string>((address) => address);
  readonly #identities = new Claims<Identity>(({ value }) => value);
  readonly #unreachable = new UnreachableLeases();
  /** The peers of an earlier daemon that were in place at its end, until the first list arrives. */
  #earlier: ReadonlyMap<string, Peer>;
  /** Leases that were rejected for an overlap, by the key of the lease that stands. */
  readonly #inTheWay = new Map<string, Map<string, Lease>>();
  readonly #tries: PerFamily<SubnetTrie>;
  #reading: ListReading = { kind: 'whole' };

  /** @param earlier the peers that an earlier daemon left: the last good state of leases that are rejected now */
  constructor(rules: PeerRules, own: OwnSubnets, earlier: readonly Peer[] = []) {
    this.#rules = rules;
    this.#own = own;
    this.#earlier = new Map(earlier.map((peer) => [peer.key, peer]));
    this.#tries = mapFamilies(rules.network, ({ network }) => new SubnetTrie(network));
    this.#insert(own.subnets, own.key);
  }

  get counts(): RosterCounts {
    let accepted = 0;
    let ignored = 0;
    for (const standing of this.#standings.values()) {
      if (standing.kind === 'accepted') accepted += 1;
      if (standing.kind === 'ignored') ignored += 1;
    }
    return { accepted, ignored, rejected: this.#rejections.size, unreachable: this.#unreachable.size };
  }

  /** Every rejected lease with its reason. */
  get rejections(): ReadonlyMap<string, string> {
    return this.#rejections;
  }

  /** The leases of nodes that run a different network than this node. */
  get unreachable(): UnreachableGroup[] {
    return this.#unreachable.groups;
  }

  /** Every value of this node that other leases claim, with their keys. */
  get ownClaims(): ClaimedByOthers[] {
    const byThing = new Map<string, { readonly claim: OwnClaim; readonly keys: string[] }>();
    for (const [key, claim] of this.#ownClaims) {
      const thing = claim.kind === 'address' ? claim.address : claim.identity.value;
      const others = byThing.get(thing);
      if (others === undefined) byThing.set(thing, { claim, keys: [key] });
      else others.keys.push(key);
    }
    return [...byThing.values()];
  }

  /** Every underlay address that several peers claim. */
  get sharedAddresses(): SharedAddress[] {
    return this.#addresses.shared.map(toSharedAddress);
  }

  /** Every MAC address or key that several nodes have. Leases with one public address belong to one node, or share that address. */
  get sharedIdentities(): SharedIdentity[] {
    return this.#identities.shared.flatMap(({ thing, keys }) => {
      const peers = keys.flatMap((key) => {
        const standing = this.#standings.get(key);
        return standing?.kind === 'accepted' ? [standing.peer] : [];
      });
      const nodes = new Set(peers.map((peer) => listPublicAddresses(peer).join(' ')));
      return nodes.size < 2 ? [] : [{ identity: thing, peers }];
    });
  }

  /** The peers for which commands may run. */
  get peers(): Peer[] {
    return [...this.#standings.values()].flatMap((standing) =>
      standing.kind === 'accepted' ? [standing.peer] : [],
    );
  }

  /** Replaces the current leases by a list that has come whole. See {@link endList}. */
  replaceAll(leases: readonly LeaseReading[], kept: ReadonlySet<string> = new Set()): RosterChange[] {
    this.#reading = { kind: 'whole' };
    const list = new OpenList(this.#rules.network);
    for (const lease of leases) {
      list.note(lease);
      list.hold(lease);
    }
    return this.#replaceBy(list, kept);
  }

  /** Begins a list that comes in pages. Pages of an earlier list without an end do not count, but the peers that they brought stay for now. */
  beginList(): void {
    const list = new OpenList(this.#rules.network);
    for (const waiting of this.#inTheWay.values())
      for (const { key, subnets } of waiting.values()) list.claim(key, subnets);
    for (const key of this.#earlier.keys()) {
      const subnets = parseLeaseKey(key);
      if (subnets !== undefined) list.claim(key, subnets);
    }
    this.#reading = { kind: 'pages', list };
  }

  /**
   * Takes a page of the list. Returns the peers whose verdict cannot change by the rest of the list. The other leases wait for the end: those
   * that overlap another lease, which may be gone, and those that are rejected.
   */
  takePage(leases: readonly LeaseReading[]): Peer[] {
    if (this.#reading.kind === 'whole') throw new Error('a page came without the begin of its list');
    const { list } = this.#reading;
    return leases.flatMap((read) => {
      list.note(read);
      const peer = this.#acceptEarly(read, list);
      if (peer !== undefined) return peer;
      list.hold(read);
      // The usual leases come first, so the others do not matter to them.
      if (read.kind === 'lease' && this.#isUsual(read)) list.claim(read.lease.key, read.lease.subnets);
      return [];
    });
  }

  /** The keys of the pages so far. */
  get listed(): ReadonlySet<string> {
    return this.#reading.kind === 'whole' ? new Set() : this.#reading.list.seen;
  }

  /**
   * Ends the list: it is whole. Leases missing from it are dropped, except those in `kept`, and in the first list also those that an earlier
   * daemon left. Subnets of the network's own length, which cannot overlap each other, come first. So also after a restart, no single lease
   * can displace many.
   */
  endList(kept: ReadonlySet<string> = new Set()): RosterChange[] {
    if (this.#reading.kind === 'whole') throw new Error('the end of a list came without its begin');
    const { list } = this.#reading;
    this.#reading = { kind: 'whole' };
    return this.#replaceBy(list, kept);
  }

  #replaceBy({ seen, held }: OpenList, kept: ReadonlySet<string>): RosterChange[] {
    const isGone = (key: string): boolean => !seen.has(key) && !kept.has(key);
    const changes: RosterChange[] = [];
    // A lease that is gone must not take the place of another one that is gone.
    for (const key of [...this.#rejections.keys()].filter(isGone)) this.#clearRejection(key);
    for (const key of [...this.#standings.keys()].filter(isGone)) changes.push(...this.#drop(key));
    const [usual, odd] = [
      held.filter((lease) => this.#isUsual(lease)),
      held.filter((lease) => !this.#isUsual(lease)),
    ];
    for (const lease of [...usual, ...odd]) changes.push(...this.#take(lease));
    for (const key of kept) if (!this.#standings.has(key)) changes.push(...this.#recall(key));
    this.#earlier = new Map();
    return this.#withNews(changes);
  }

  /** Accepts a lease of a page, if it is a peer and no other lease can come first. */
  #acceptEarly(read: LeaseReading, list: OpenList): Peer | undefined {
    if (read.kind === 'malformed' || !this.#isUsual(read)) return undefined;
    const { lease } = read;
    if (lease.key === this.#own.key) return undefined;
    const verdict = checkPeer(lease, this.#rules);
    if (verdict.kind !== 'peer') return undefined;
    if (!this.isPeer(lease.key)) {
      if (this.#findOverlap(lease.subnets) !== undefined || list.isClaimed(lease.subnets)) return undefined;
    }
    this.#accept(lease, verdict.peer);
    return verdict.peer;
  }

  /** Whether a lease is a peer for which commands may run. */
  isPeer(key: string): boolean {
    return this.#standings.get(key)?.kind === 'accepted';
  }

  put(read: LeaseReading): RosterChange[] {
    return this.#withNews(this.#take(read));
  }

  delete(key: string): RosterChange[] {
    return this.#withNews(this.#drop(key));
  }

  /** Adds the addresses that are shared now. While a list is read, an old lease of a node that has moved may only not be gone yet. */
  #withNews(changes: readonly RosterChange[]): RosterChange[] {
    if (this.#reading.kind === 'pages') return [...changes];
    const news = this.#addresses.takeNews().map(toSharedAddress);
    return [...changes, ...news.map((shared) => ({ kind: 'shared-address', ...shared }) as const)];
  }

  /** Whether a lease's subnet has the length that nodes of this network take. */
  #isUsual(read: LeaseReading): boolean {
    if (read.kind === 'malformed') return false;
    return zipFamilies(this.#rules.network, read.lease.subnets).every(
      ([range, subnet]) => range?.subnetLength === subnet?.prefix,
    );
  }

  #take(read: LeaseReading): RosterChange[] {
    const key = keyOf(read);
    if (key === this.#own.key) {
      this.#standings.set(key, { kind: 'own' });
      return [];
    }
    if (read.kind === 'malformed') return this.#reject(key, read.reason);
    const verdict = checkPeer(read.lease, this.#rules);
    switch (verdict.kind) {
      case 'rejected':
        return this.#reject(key, verdict.because, verdict.claim);
      case 'ignored':
      case 'reserved': {
        const changes = this.#drop(key);
        this.#standings.set(key, { kind: verdict.kind });
        if (verdict.kind === 'ignored' && !isUnclaimed(read.lease)) {
          this.#unreachable.set(key, { name: 'Type', value: read.lease.attributes.backendType });
        }
        return changes;
      }
      case 'peer':
        return this.#accept(read.lease, verdict.peer);
    }
  }

  #drop(key: string): RosterChange[] {
    this.#clearRejection(key);
    const standing = this.#standings.get(key);
    this.#standings.delete(key);
    this.#unreachable.set(key, undefined);
    if (standing?.kind !== 'accepted') return [];
    this.#claim(key, standing.peer, undefined);
    for (const [trie, subnet] of zipFamilies(this.#tries, standing.subnets)) {
      if (subnet !== undefined) trie?.delete(subnet);
    }
    const waiting = this.#inTheWay.get(key);
    this.#inTheWay.delete(key);
    const changes: RosterChange[] = [{ kind: 'delete', key }];
    for (const lease of waiting?.values() ?? []) changes.push(...this.#take({ kind: 'lease', lease }));
    return changes;
  }

  #accept(lease: Lease, peer: Peer): RosterChange[] {
    const standing = this.#standings.get(lease.key);
    if (standing?.kind !== 'accepted') {
      const other = this.#findOverlap(lease.subnets);
      if (other !== undefined) return this.#rejectOverlap(lease, other);
      this.#insert(lease.subnets, lease.key);
    }
    this.#clearRejection(lease.key);
    this.#claim(lease.key, standing?.kind === 'accepted' ? standing.peer : undefined, peer);
    this.#standings.set(lease.key, { kind: 'accepted', peer, subnets: lease.subnets });
    this.#unreachable.set(lease.key, findDisagreement(peer, this.#rules.agreed));
    return [{ kind: 'put', peer }];
  }

  #rejectOverlap(lease: Lease, other: string): RosterChange[] {
    const whose = other === this.#own.key ? "this node's own" : `the lease ${other}`;
    const changes = this.#reject(lease.key, `its subnet overlaps ${whose}`);
    const waiting = this.#inTheWay.get(other) ?? new Map<string, Lease>();
    waiting.set(lease.key, lease);
    this.#inTheWay.set(other, waiting);
    return changes;
  }

  #reject(key: string, because: string, claim?: OwnClaim): RosterChange[] {
    const known = this.#rejections.get(key) === because;
    this.#clearRejection(key);
    this.#rejections.set(key, because);
    if (claim !== undefined) this.#ownClaims.set(key, claim);
    const standing = this.#standings.get(key)?.kind;
    if (standing === 'ignored' || standing === 'reserved') {
      this.#standings.delete(key);
      this.#unreachable.set(key, undefined);
    }
    const recalled = this.#standings.has(key) ? [] : this.#recall(key);
    return known ? recalled : [{ kind: 'rejected', key, because }, ...recalled];
  }

  /** Restores a rejected peer that was in place when this node's last daemon ended. */
  #recall(key: string): RosterChange[] {
    const peer = this.#earlier.get(key);
    const subnets = parseLeaseKey(key);
    if (peer === undefined || subnets === undefined || this.#findOverlap(subnets) !== undefined) return [];
    this.#insert(subnets, key);
    this.#claim(key, undefined, peer);
    this.#standings.set(key, { kind: 'accepted', peer, subnets });
    return [{ kind: 'put', peer }];
  }

  /** Replaces the claims of a lease: the addresses and the identities of its peer. */
  #claim(key: string, before: Peer | undefined, after: Peer | undefined): void {
    const addresses = (peer?: Peer): string[] => (peer === undefined ? [] : listPublicAddresses(peer));
    const identities = (peer?: Peer): Identity[] =>
      peer === undefined ? [] : identitiesOfPeer(peer, this.#rules.backendData);
    this.#addresses.change(key, addresses(before), addresses(after));
    this.#identities.change(key, identities(before), identities(after));
  }

  #clearRejection(key: string): void {
    if (!this.#rejections.delete(key)) return;
    this.#ownClaims.delete(key);
    for (const waiting of this.#inTheWay.values()) waiting.delete(key);
  }

  #insert(subnets: LeaseSubnets, key: string): void {
    for (const [trie, subnet] of zipFamilies(this.#tries, subnets)) {
      if (subnet !== undefined) trie?.insert(subnet, key);
    }
  }

  #findOverlap(subnets: LeaseSubnets): string | undefined {
    for (const [trie, subnet] of zipFamilies(this.#tries, subnets)) {
      const other = subnet && trie?.findOverlap(subnet);
      if (other !== undefined) return other;
    }
    return undefined;
  }
}

/** Whether a lease is a reservation that no node has taken yet, so that it describes no node. */
function isUnclaimed({ expiresAt, attributes }: Lease): boolean {
  return expiresAt === undefined && attributes.backendType === '';
}

/** The form in which messages name a lease. */
export function describeSubnets(subnets: LeaseSubnets): string {
  return presentValues(subnets).map(formatCidr).join(' and ');
}
