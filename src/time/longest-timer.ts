/** The longest delay of a timer in milliseconds, about 24 days: Node fires one at once whose delay does not fit 31 bits. */
export const longestTimerMs = 2 ** 31 - 1;

/** A delay that a timer can hold. A timer that was cut short fires early, so that whoever set it looks at the time again. */
export function timerDelay(delayMs: number): number {
  return Math.min(Math.max(delayMs, 0), longestTimerMs);
}
