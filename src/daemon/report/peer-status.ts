import type { Engine } from '../../engine/engine.ts';
import type { PeerEntry } from '../../engine/state.ts';
import { describeTrouble } from '../../event/trouble.ts';
import { namePeer } from '../peers/peer-report.ts';
import type { PeerOutcome } from '../peers/peer-report.ts';

/** One peer as `heddle status` shows it. */
export interface PeerStatus {
  readonly key: string;
  /** The peer's subnet, or both subnets of a dual-stack peer, joined by `and`. */
  readonly subnet: string;
  /** The IPv4 address, or the IPv6 address of a peer that has no IPv4 address. */
  readonly publicIp: string;
  /** The IPv6 address; null for a peer without one. */
  readonly publicIpv6: string | null;
  /**
   * The state of the peer. `in-place`: added and not seen missing since. `pending`: about to be run, or running. `failing`: waits for its
   * next try. `leaving`: not wanted any more, and not yet removed.
   */
  readonly state: 'in-place' | 'pending' | 'failing' | 'leaving';
  readonly lastOutcome: {
    readonly operation: 'add' | 'remove';
    readonly reason: string;
    readonly at: string;
    /** The error and the command's output; null if there is none. */
    readonly trouble: string | null;
    readonly stderr: string;
  } | null;
  /** The number of failures in a row. */
  readonly retries: number;
  readonly nextTryAt: string | null;
}

/** Describes every peer that is wanted or still in the kernel, in the order of the lease keys. */
export function describePeers(engine: Engine, outcomes: ReadonlyMap<string, PeerOutcome>): PeerStatus[] {
  const entries = [...engine.entries.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
  return entries.map((entry) => describePeer(entry, outcomes.get(entry.key)));
}

function describePeer(entry: PeerEntry, outcome: PeerOutcome | undefined): PeerStatus {
  const peer = entry.wanted ?? (entry.applied.kind === 'absent' ? undefined : entry.applied.peer);
  return {
    ...(peer === undefined ? { key: entry.key, subnet: '', publicIp: '' } : namePeer(peer)),
    publicIpv6: peer?.publicIpv6 ?? null,
    state: stateOf(entry),
    lastOutcome: outcome === undefined ? null : describeOutcomeOf(outcome),
    retries: entry.failures,
    nextTryAt: outcome?.nextTryAt ?? null,
  };
}

function stateOf({ activity, wanted, failures }: PeerEntry): PeerStatus['state'] {
  // A peer that is being tried again still counts as failing.
  if (failures > 0) return 'failing';
  switch (activity.kind) {
    case 'waiting':
      return 'failing';
    case 'idle':
      return wanted === undefined ? 'leaving' : 'in-place';
    case 'ready':
    case 'running':
      return wanted === undefined ? 'leaving' : 'pending';
  }
}

function describeOutcomeOf({ operation, reason, at, trouble }: PeerOutcome): PeerStatus['lastOutcome'] {
  return {
    operation,
    reason,
    at,
    trouble: trouble === undefined ? null : describeTrouble(trouble),
    stderr: trouble?.stderr ?? '',
  };
}
