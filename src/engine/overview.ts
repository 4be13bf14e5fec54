import type { EngineState } from './state.ts';

/** The numbers of a node's peers, by state. */
export interface Counts {
  readonly wanted: number;
  readonly inPlace: number;
  /** Peers that are ready or running, and not after a failure. */
  readonly pending: number;
  /** Peers that failed and have not succeeded since: they wait for the next try, or are in it. */
  readonly failing: number;
}

export function countPeers(state: EngineState): Counts {
  let wanted = 0;
  let inPlace = 0;
  for (const entry of state.entries.values()) {
    if (entry.wanted === undefined) continue;
    wanted += 1;
    if (entry.applied.kind === 'present' && entry.activity.kind === 'idle') inPlace += 1;
  }
  const { failing } = state;
  return { wanted, inPlace, pending: state.entries.size - inPlace - failing, failing };
}
