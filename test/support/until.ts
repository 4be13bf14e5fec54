import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';

/** Far more than anything here takes, and less than a test may take: it ends a wait for what never comes. */
const longestWaitMs = 45_000;
const lookEveryMs = 10;
/** What happens in this process happens soon; a test that waits for a thousand such things must not wait for timers. */
const soonMs = 5;

type Seen<T> = T | undefined | false;

/**
 * Waits for a condition that something else brings about, and returns what `look` saw: the first result that is neither
 * undefined nor false. After 45 seconds it fails, and says what it waited for and, by `explain`, what there was instead.
 * An error of `look` ends the wait at once.
 */
export async function until<T>(
  what: string,
  look: () => Promise<Seen<T>> | Seen<T>,
  explain: () => Promise<string> | string = () => '',
): Promise<T> {
  const begun = performance.now();
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    const waitedMs = performance.now() - begun;
    if (waitedMs > longestWaitMs)
      throw new Error(`Waited ${longestWaitMs / 1000} seconds in vain for ${what}.\n${await explain()}`);
    await (waitedMs < soonMs ? nextTurn() : delay(lookEveryMs));
  }
}
