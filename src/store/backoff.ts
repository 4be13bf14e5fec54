const firstDelayMs = 200;
const longestDelayMs = 30_000;

/**
 * How long to wait before the next try, in milliseconds: doubled with each failure up to 30 s, and spread over the
 * upper half of that, so that nodes which lost their store together do not come back together.
 *
 * @param failures how many tries failed in a row, from 1
 * @param random a number from 0 up to 1
 */
export function backoffDelay(failures: number, random: number): number {
  const ceiling = Math.min(firstDelayMs * 2 ** (failures - 1), longestDelayMs);
  return Math.round(ceiling * (0.5 + random / 2));
}
