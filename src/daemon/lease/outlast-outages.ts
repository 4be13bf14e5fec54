import { StoreRetry } from '../../store/store-retry.ts';
import type { OutageLog } from './outage-log.ts';

/**
 * Does something with a store that may be away for now, as often as it takes. Throws a StoreError that no waiting helps, whatever
 * else the work throws, and the signal's reason.
 */
export async function outlastOutages<T>(
  work: () => Promise<T>,
  outages: OutageLog,
  signal: AbortSignal,
): Promise<T> {
  const retry = new StoreRetry({ signal, outages });
  for (;;) {
    try {
      const result = await work();
      outages.answered();
      return result;
    } catch (error) {
      signal.throwIfAborted();
      await retry.waitAfter(error);
      signal.throwIfAborted();
    }
  }
}
