import type { Reason } from '../event/event.ts';
import { identityValues } from '../lease/identities.ts';
import { KeysByName } from '../lease/keys-by-name.ts';
import type { Peer } from '../lease/lease.ts';
import type { Operation } from './operation.ts';

/** The known state of a peer in the kernel. */
type KernelState =
  | { readonly kind: 'absent' }
  /** SubnetAdd succeeded with these values, and nothing happened since. */
  | { readonly kind: 'present'; readonly peer: Peer }
  /** An add or a remove with these values was begun and its result is unknown, or it failed half-way. */
  | { readonly kind: 'unsure'; readonly peer: Peer }
  /** The same, and a remove of it failed that may have had nothing to remove: an add may be tried now. */
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
      /** The engine's sequence number when it began. */
      readonly since: number;
      /** Nobody waits for it any more. */
      readonly isOverdue: boolean;
      /** For an add: a remove ended meanwhile that may have taken away what it put in place. */
      readonly isCrossed: boolean;
    }
  | { readonly kind: 'waiting'; readonly operation: Operation };

/**
 * With whom an operation for a peer may share one run of SubnetBatchCommand.
 *
 *     anyone ──its batch failed──▶ suspects ──theirs failed, again and again──▶ nobody
 *       ▲                             │              failed by itself ───────────▲ │
 *       └─────────────────────────────┴──────────────── succeeded ────────────────┘
 */
type Company =
  | { readonly kind: 'anyone' }
  /** Half of a batch that failed: one of them may be why. */
  | { readonly kind: 'suspects'; readonly suspects: Suspects }
  | { readonly kind: 'nobody' };

/** Peers of a batch that failed, to be tried again as a batch of their own. */
export interface Suspects {
  /** Those that are ready, oldest difference first. */
  readonly ready: Set<string>;
  readonly search: Search;
}

/** The search for the peers that made a batch fail: it halves batches until each culprit is by itself. */
export interface Search {
  /** How many more batches may fail before the rest is run one by one: many culprits are not worth a search. */
  failuresLeft: number;
}

/** All the engine knows of one lease key. */
export interface PeerEntry {
  readonly key: string;
  wanted: Peer | undefined;
  applied: KernelState;
  activity: Activity;
  company: Company;
  /** Failures in a row of what is wanted now. */
  failures: number;
  /** How often in a row it was put back after a check, and not left in place. */
  repairs: number;
  /** The engine's sequence number when this entry last changed. */
  touched: number;
}

/** The abilities of the recipe. They decide how the engine handles a doubtful peer. */
export interface Abilities {
  readonly canRemove: boolean;
  /**
   * The recipe has a CheckCommand: its author promises that every command may be repeated, so a doubtful peer is simply
   * added or removed again. Otherwise it is removed leniently and then added.
   */
  readonly repeatable: boolean;
  /** Whether a line of SubnetBatchCommand can hold an operation; undefined for a recipe without that command. */
  readonly fitsBatch: ((operation: Operation) => boolean) | undefined;
}

/**
 * How CheckCommand names a peer that has two subnets and is in place: by the first one, or by each of its own.
 *
 *     unknown ──the second one of any peer was printed──▶ each
 *        │ ▲                                               ▲
 *        │ └──the peer changed──┐                          │
 *        └──a peer is added ──▶ trying ──it was printed────┘
 *           once more             └──it was not───▶ first ──the second one of any peer was printed──▶ each
 *
 * Without a try, a command that prints each would not be told from one that prints the first while all IPv6 routes are gone.
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
  /** Keys whose activity is `ready`, that wait for nobody and may keep any company, oldest first. */
  readonly ready: Set<string>;
  /** The same for keys that keep nobody's. */
  readonly alone: Set<string>;
  /** The same for keys that only keep that of their fellow suspects; no group is empty. */
  readonly suspects: Set<Suspects>;
  /** Keys whose add waits until another key's remove is over, by that other key. */
  readonly parked: Map<string, string[]>;
  /** Keys that hold a resource in the kernel, by resource: see `resourcesOf`. */
  readonly holders: KeysByName;
  running: number;
  waiting: number;
  /** Entries that failed and have not succeeded since: those that wait, and those that are tried again. */
  failing: number;
  sequence: number;
  /** The sequence number at which an entry was last forgotten: an older check may have seen it still. */
  removedAt: number;
  /** Whether a snapshot has said what is wanted. */
  hasSnapshot: boolean;
  /** The subnets that CheckCommand prints for a peer with two: see `learnPrintedSubnets`. */
  printedSubnets: PrintedSubnets;
  /** The network is going down: nothing is wanted any more. */
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

/** Whether two peers are the same in everything a command is given. */
export function samePeer(a: Peer, b: Peer): boolean {
  return (
    a.key === b.key &&
    a.subnet === b.subnet &&
    a.ipv6Subnet === b.ipv6Subnet &&
    a.publicIp === b.publicIp &&
    a.publicIpv6 === b.publicIpv6 &&
    a.stdin === b.stdin
  );
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

/** The other keys that hold something in the kernel which this peer needs as well. */
export function sharersOf(state: EngineState, peer: Peer): string[] {
  const sharers: string[] = [];
  for (const resource of resourcesOf(peer)) {
    if (state.holders.count(resource) > mostSharers) continue;
    for (const key of state.holders.of(resource)) if (key !== peer.key) sharers.push(key);
  }
  return sharers;
}

/** Records what is in the kernel for an entry, and who holds which resource there. */
export function setApplied(state: EngineState, entry: PeerEntry, applied: KernelState): void {
  const before = entry.applied.kind === 'absent' ? undefined : entry.applied.peer;
  const after = applied.kind === 'absent' ? undefined : applied.peer;
  entry.applied = applied;
  entry.touched = state.sequence += 1;
  if (before === after) return;
  if (before) for (const resource of resourcesOf(before)) state.holders.delete(resource, entry.key);
  if (after) for (const resource of resourcesOf(after)) state.holders.add(resource, entry.key);
}

/** Changes what is being done about an entry, keeping the counts and the queues in step. */
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

/** Changes with whom an entry may share a batch. */
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

/** Changes how often in a row an entry has failed, keeping the count of those that fail in step. */
export function setFailures(state: EngineState, entry: PeerEntry, failures: number): void {
  state.failing += Number(failures > 0) - Number(entry.failures > 0);
  entry.failures = failures;
}

/** Sets an add aside until `blocker` has been dealt with. */
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
