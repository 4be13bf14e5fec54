import { setTimeout as delay } from 'node:timers/promises';

/** Far more than anything here takes: it only ends a wait for what never comes. */
const boundMs = 45_000;
const lookEveryMs = 10;

/** Waits for a condition that something else brings about. `explain` adds to the error what there was instead. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  explain: () => Promise<string> | string = () => '',
): Promise<T> {
  const deadline = performance.now() + boundMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    if (performance.now() > deadline) throw new Error(`Waited in vain for ${what}.\n${await explain()}`);
    await delay(lookEveryMs);
  }
}
