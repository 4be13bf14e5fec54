import { setTimeout as delay } from 'node:timers/promises';
import { backoffDelay } from '../../time/backoff.ts';
import { StoreError } from '../../store/store.ts';
import type { OutageLog } from './outage-log.ts';

const outageBackoff = { firstMs: 500, capMs: 30_000 };

/**
 * Does something with a store that may be away for now, as often as it takes. Throws a StoreError that no waiting mends,
 * whatever else the work throws, and the signal's reason.
 */
export async function outlastOutages<T>(
  work: () => Promise<T>,
  outages: OutageLog,
  signal: AbortSignal,
): Promise<T> {
  for (let failures = 1; ; failures += 1) {
    try {
      const result = await work();
      outages.back();
      return result;
    } catch (error) {
      if (!(error instanceof StoreError) || !error.retryable) throw error;
      const retryInMs = backoffDelay(failures, Math.random(), outageBackoff);
      outages.failed(error, retryInMs);
      await delay(retryInMs, undefined, { signal });
    }
  }
}
