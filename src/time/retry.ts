/** The bounds of a retry delay in milliseconds. */
interface RetryBounds {
  readonly firstMs: number;
  readonly capMs: number;
}

/** The delays before whatever a node tries again after a failure, each with the reason for its bounds. */
export const retries = {
  /** A peer's command. What failed by chance works at once; what fails for a reason needs somebody to remove it. */
  operation: { firstMs: 500, capMs: 60_000 },
  /**
   * Any request to the store. The end of an outage is noticed within ten seconds, however long it lasted; thousands of nodes must not keep
   * a store down.
   */
  store: { firstMs: 200, capMs: 10_000 },
  /** The renewal of this node's lease, long before its end. */
  renewal: { firstMs: 1000, capMs: 30_000 },
  /** The write of this node's lease after its end: peers may drop this node, so it is back soon after the store. */
  expiredLease: { firstMs: 1000, capMs: 10_000 },
  /** A lease that somebody else writes again and again: two machines with one address would write as fast as they can. */
  contest: { firstMs: 1000, capMs: 30_000 },
  /** A repair may disturb what works, and its commands take seconds. */
  part: { firstMs: 1000, capMs: 60_000 },
  /** MonitorCommand, which ends at once where it cannot work. */
  monitor: { firstMs: 1000, capMs: 60_000 },
  /** grpc-js's connections to etcd. Its own pauses grow to two minutes, but `store` already paces the requests. */
  connection: { firstMs: 100, capMs: 1000 },
} as const satisfies Readonly<Record<string, RetryBounds>>;

/** The pauses between two looks at what a node waits for, or may lose, in milliseconds. */
export const pollsMs = {
  /** The state directory, which somebody may delete. A command that runs without it fails. */
  stateDirectory: 5000,
  /** The devices of the overlay, which somebody may delete. A look reads one file of the kernel. */
  devices: 1000,
  /** The network configuration that a store does not have yet. A person or another node writes it. */
  network: 2000,
  /** A recipe file that is empty or gone: an editor is about to write it. If it is still so then, it was left so. */
  halfwayRecipe: 500,
  /** A recipe file, if the kernel has no watches left. */
  unwatchedRecipe: 1000,
  /** The files store, if the kernel has no watches left. A scan of many leases takes a while. */
  unwatchedLeases: 1000,
  /** The files store, if the kernel reports its changes: over a network file system, it does not report those of other machines. */
  watchedLeases: 10_000,
} as const;

/** How long all must go well until the next failure counts as the first, in milliseconds. */
export const steadyMs = {
  /** A store that answers a listing and then fails is not well yet. */
  store: 30_000,
  /** A lease that nobody else writes. Longer than the longest delay of `retries.contest`, or the count would never grow. */
  contest: 120_000,
} as const;

/**
 * The delay before the next try in milliseconds: doubling from `firstMs`, capped, and jittered down to half of that at worst,
 * so that nodes which failed together do not retry together.
 *
 * @param attempt how many tries have failed so far, from 1
 * @param jitter uniform in [0, 1)
 */
export function retryDelay(attempt: number, jitter: number, bounds: RetryBounds): number {
  const full = Math.min(bounds.capMs, bounds.firstMs * 2 ** Math.min(attempt - 1, 30));
  return Math.round(full * (0.5 + jitter / 2));
}
