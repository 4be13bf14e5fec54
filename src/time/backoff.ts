/** The bounds of a retry delay in milliseconds. */
export interface BackoffBounds {
  readonly firstMs: number;
  readonly capMs: number;
}

export const operationBackoff: BackoffBounds = { firstMs: 500, capMs: 60_000 };

/**
 * The delay before the next try in milliseconds: doubling from `firstMs`, capped, and jittered down to at worst half
 * so that nodes which failed together do not retry together.
 *
 * @param attempt how many tries have failed so far, from 1
 * @param jitter uniform in [0, 1)
 */
export function backoffDelay(attempt: number, jitter: number, bounds: BackoffBounds): number {
  const full = Math.min(bounds.capMs, bounds.firstMs * 2 ** Math.min(attempt - 1, 30));
  return Math.round(full * (0.5 + jitter / 2));
}
