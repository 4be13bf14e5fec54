import { StoreRetry } from '../../store/store-retry.ts';
import type { OutageLog } from './outage-log.ts';

/**
 * Repeats some work with a store until no outage interrupts it. Throws a StoreError that waiting does not cure, any other error of the
 * work, and the signal's reason.
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
