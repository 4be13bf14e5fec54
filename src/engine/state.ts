import type { Reason } from '../event/event.ts';
import { identityValues } from '../lease/identities.ts';
import { KeysByName } from '../lease/keys-by-name.ts';
import type { Peer, PeerLink } from '../lease/lease.ts';
import { noFamily } from '../network/per-family.ts';
import type { Operation } from './operation.ts';

/** The known state of a peer in the kernel. */
type KernelState =
  | { readonly kind: 'absent' }
  /** SubnetAdd succeeded with these values, and nothing happened since. */
  | { readonly kind: 'present'; readonly peer: Peer }
  /** An add or a remove with these values was begun and its result is unknown, or it failed half-way. */
  | { readonly kind: 'unsure'; readonly peer: Peer }
  /** A remove of an unsure peer failed, and may have had nothing to remove. An add may be tried now. */
  | { readonly kind: 'unremovable'; readonly peer: Peer };

/**
 * The work in progress for a peer.
 *
 *     idle ──difference──▶ ready ──taken──▶ running ──succeeded──▶ idle (or ready again)
 *                            ▲ ▲               ├──failed──▶ waiting ──due, or a newer state──▶ ready
 *                            │ └───returned────┘                                                 │
 *                            └───────────────────────────────────────────────────────────────────┘
 */
type Activity =
  | { readonly kind: 'idle' }
  | { readonly kind: 'ready'; readonly reason: Reason }
  | {
      readonly kind: 'running';
      readonly operation: Operation;
      /** The kernel state of the peer before the operation. */
      readonly before: KernelState;
      /** The engine's sequence number at the start of the operation. */
      readonly since: number;
      /** Whether other operations no longer wait for this one. */
      readonly isOverdue: boolean;
      /** Whether a remove that ended during this add may have taken away what the add put in place. */
      readonly isCrossed: boolean;
    }
  | { readonly kind: 'waiting'; readonly operation: Operation };

/**
 * The peers that may share one run of SubnetBatchCommand with a peer.
 *
 *     anyone ──its batch failed──▶ suspects ──theirs failed, again and again──▶ nobody
 *       ▲                             │              failed by itself ───────────▲ │
 *       └─────────────────────────────┴──────────────── succeeded ────────────────┘
 */
type Company =
  | { readonly kind: 'anyone' }
  /** The peer is in one half of a failed batch, and one peer of that half may be the reason. */
  | { readonly kind: 'suspects'; readonly suspects: Suspects }
  | { readonly kind: 'nobody' };

/** Peers of a failed batch, which are tried again as a batch of their own. */
export interface Suspects {
  /** The suspects that are ready, the oldest difference first. */
  readonly ready: Set<string>;
  readonly search: Search;
}

/** The search for the peers that made a batch fail. It halves batches until each culprit is alone. */
export interface Search {
  /** The number of batches that may still fail before the rest runs one by one. Many culprits are not worth a search. */
  failuresLeft: number;
}

/** The engine's knowledge of one lease key. */
export interface PeerEntry {
  readonly key: string;
  wanted: Peer | undefined;
  applied: KernelState;
  activity: Activity;
  company: Company;
  /** The number of failures in a row of the present wish. */
  failures: number;
  /** The number of times in a row that the peer was put back after a check, and did not stay. */
  repairs: number;
  /** The engine's sequence number when this entry last changed. */
  touched: number;
}

/** The abilities of the recipe. They decide how the engine handles a doubtful peer. */
export interface Abilities {
  readonly canRemove: boolean;
  /**
   * The recipe has a CheckCommand. Its author promises that every command may be repeated, so a doubtful peer is simply added or removed
   * again. Otherwise a doubtful peer is removed leniently and then added.
   */
  readonly repeatable: boolean;
  /** Whether a line of SubnetBatchCommand can hold an operation; undefined for a recipe without that command. */
  readonly fitsBatch: ((operation: Operation) => boolean) | undefined;
}

/**
 * The way in which CheckCommand names a peer with two subnets that is in place: by the first subnet, or by both.
 *
 *     unknown ──the second one of any peer was printed──▶ each
 *        │ ▲                                               ▲
 *        │ └──the peer changed──┐                          │
 *        └──a peer is added ──▶ trying ──it was printed────┘
 *           once more             └──it was not───▶ first ──the second one of any peer was printed──▶ each
 *
 * A try is needed: otherwise, a command that prints both looks like one that prints the first while all IPv6 routes are gone.
 */
type PrintedSubnets =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'trying'; readonly key: string }
  | { readonly kind: 'first' }
  | { readonly kind: 'each' };

/** The state of an `Engine`. Only the functions of this folder change it. */
export interface EngineState {
  readonly abilities: Abilities;
  readonly entries: Map<string, PeerEntry>;
  /** Keys whose activity is `ready`, that wait for no other key and may keep any company, the oldest first. */
  readonly ready: Set<string>;
  /** Ready keys that must run alone. */
  readonly alone: Set<string>;
  /** Ready keys that may share a batch only with their fellow suspects; no group is empty. */
  readonly suspects: Set<Suspects>;
  /** Keys whose add waits for another key's remove, by that other key. */
  readonly parked: Map<string, string[]>;
  /** Keys that hold a resource in the kernel, by resource: see `resourcesOf`. */
  readonly holders: KeysByName;
  running: number;
  waiting: number;
  /** The number of entries that failed and have not succeeded since, both waiting and being tried again. */
  failing: number;
  sequence: number;
  /** The sequence number at which an entry was last forgotten. An older check may still have seen its peer. */
  removedAt: number;
  /** Whether a snapshot has said what is wanted. */
  hasSnapshot: boolean;
  /** The subnets that CheckCommand prints for a peer with two subnets; see `learnPrintedSubnets`. */
  printedSubnets: PrintedSubnets;
  /** Whether the network is going down, so that no peer is wanted any more. */
  isShutDown: boolean;
}

export function createState(abilities: Abilities, entries: Map<string, PeerEntry>): EngineState {
  return {
    abilities,
    entries,
    ready: new Set(),
    alone: new Set(),
    suspects: new Set(),
    parked: new Map(),
    holders: new KeysByName(),
    running: 0,
    waiting: 0,
    failing: 0,
    sequence: 0,
    removedAt: 0,
    hasSnapshot: false,
    printedSubnets: { kind: 'unknown' },
    isShutDown: false,
  };
}

/** Whether two peers give commands the same values. */
export function samePeer(a: Peer, b: Peer): boolean {
  return (
    a.key === b.key &&
    a.subnet === b.subnet &&
    a.ipv6Subnet === b.ipv6Subnet &&
    a.publicIp === b.publicIp &&
    a.publicIpv6 === b.publicIpv6 &&
    a.stdin === b.stdin &&
    sameLink(a.link, b.link)
  );
}

/** Whether commands do the same for two peers, as far as their links are known. A link that does not matter is like none. */
function sameLink(a: PeerLink | undefined, b: PeerLink | undefined): boolean {
  if (a === undefined || b === undefined) return true;
  const [one, other] = [a, b].map(({ matters, devices }) => (matters ? devices : noFamily));
  return one?.ipv4 === other?.ipv4 && one?.ipv6 === other?.ipv6;
}

/**
 * The values that probably identify a peer's kernel entries, in addition to its subnet. A node that moves to another
 * subnet keeps its address, MAC and key. So a remove of its old lease after the add of its new one would delete the
 * entries that both leases share.
 */
function resourcesOf(peer: Peer): string[] {
  const resources: string[] = [];
  if (peer.publicIp !== undefined) resources.push(peer.publicIp);
  if (peer.publicIpv6 !== undefined) resources.push(peer.publicIpv6);
  const identities = identityValues(peer);
  if (identities.length > 0) resources.push(...identities);
  else if (peer.stdin.trim() !== '') resources.push(peer.stdin);
  return resources;
}

/** The values by which two peers probably have kernel entries in common, for messages. */
export function sharedResources(peer: Peer, other: Peer): string[] {
  const others = new Set(resourcesOf(other));
  return resourcesOf(peer)
    .filter((resource) => others.has(resource))
    .map((resource) => resource.trim());
}

/** A value shared by more keys than this is common to the whole cluster, so it does not identify a peer. */
const mostSharers = 8;

/** The other keys that hold a kernel resource which this peer needs as well. */
export function sharersOf(state: EngineState, peer: Peer): string[] {
  const sharers: string[] = [];
  for (const resource of resourcesOf(peer)) {
    if (state.holders.count(resource) > mostSharers) continue;
    for (const key of state.holders.of(resource)) if (key !== peer.key) sharers.push(key);
  }
  return sharers;
}

/** Records the kernel state of an entry, and the resources that it holds there. */
export function setApplied(state: EngineState, entry: PeerEntry, applied: KernelState): void {
  const before = entry.applied.kind === 'absent' ? undefined : entry.applied.peer;
  const after = applied.kind === 'absent' ? undefined : applied.peer;
  entry.applied = applied;
  entry.touched = state.sequence += 1;
  if (before === after) return;
  if (before) for (const resource of resourcesOf(before)) state.holders.delete(resource, entry.key);
  if (after) for (const resource of resourcesOf(after)) state.holders.add(resource, entry.key);
}

/** Changes the activity of an entry, and keeps the counts and the queues in step. */
export function setActivity(state: EngineState, entry: PeerEntry, activity: Activity): void {
  if (entry.activity.kind === 'running') state.running -= 1;
  if (entry.activity.kind === 'waiting') state.waiting -= 1;
  if (activity.kind === 'running') state.running += 1;
  if (activity.kind === 'waiting') state.waiting += 1;
  entry.activity = activity;
  if (activity.kind === 'ready') enqueue(state, entry);
  else dequeue(state, entry);
  if (!isWaitedFor(activity)) unpark(state, entry.key);
}

/** Changes the company of an entry. */
export function setCompany(state: EngineState, entry: PeerEntry, company: Company): void {
  dequeue(state, entry);
  entry.company = company;
  if (entry.activity.kind === 'ready') enqueue(state, entry);
}

function enqueue(state: EngineState, { key, company }: PeerEntry): void {
  switch (company.kind) {
    case 'anyone':
      state.ready.add(key);
      return;
    case 'nobody':
      state.alone.add(key);
      return;
    case 'suspects':
      company.suspects.ready.add(key);
      state.suspects.add(company.suspects);
  }
}

function dequeue(state: EngineState, { key, company }: PeerEntry): void {
  state.ready.delete(key);
  state.alone.delete(key);
  if (company.kind !== 'suspects') return;
  company.suspects.ready.delete(key);
  if (company.suspects.ready.size === 0) state.suspects.delete(company.suspects);
}

function isWaitedFor(activity: Activity): boolean {
  return activity.kind === 'ready' || (activity.kind === 'running' && !activity.isOverdue);
}

/** Changes the number of failures in a row of an entry, and keeps the count of failing entries in step. */
export function setFailures(state: EngineState, entry: PeerEntry, failures: number): void {
  state.failing += Number(failures > 0) - Number(entry.failures > 0);
  entry.failures = failures;
}

/** Sets an add aside until `blocker` is done. */
export function park(state: EngineState, entry: PeerEntry, blocker: string): void {
  dequeue(state, entry);
  const parked = state.parked.get(blocker);
  if (parked === undefined) state.parked.set(blocker, [entry.key]);
  else parked.push(entry.key);
}

function unpark(state: EngineState, blocker: string): void {
  const parked = state.parked.get(blocker);
  if (parked === undefined) return;
  state.parked.delete(blocker);
  for (const key of parked) {
    const entry = state.entries.get(key);
    if (entry?.activity.kind === 'ready') enqueue(state, entry);
  }
}
