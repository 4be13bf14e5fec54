import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';

/** The end of a wait for a condition that never comes: longer than any wait here, shorter than a test may take. */
const longestWaitMs = 45_000;
const lookEveryMs = 10;
/** A condition inside this process comes soon. A test with a thousand such waits must not wait for timers. */
const soonMs = 5;

type Sight<T> = T | undefined | false;

/**
 * Waits until `look` sees something: returns its first result that is neither undefined nor false. After 45 seconds it
 * fails with the name of the condition and with the present state, from `explain`. An error from `look` ends the wait.
 */
export async function until<T>(
  what: string,
  look: () => Promise<Sight<T>> | Sight<T>,
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
