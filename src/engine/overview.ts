import type { EngineState } from './state.ts';

/** How a node's peers stand, counted. */
export interface Counts {
  readonly wanted: number;
  readonly inPlace: number;
  /** Ready or running, and not after a failure. */
  readonly pending: number;
  /** Failed, and not succeeded since: waiting for the next try, or in it. */
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
