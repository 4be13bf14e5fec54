/** Time as the stores see it, so that tests can own it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls back once after so many milliseconds, unless the returned function is called before. */
  after(delayMs: number, callback: () => void): () => void;
}

/** Node fires a timer at once when its delay does not fit 31 bits. */
const longestDelay = 2 ** 31 - 1;

/**
 * The machine's own clock. A timer may fire early (a delay of more than 24 days is cut short, the clock may be set
 * back), so who is called looks at the time again.
 */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, Math.min(Math.max(delayMs, 0), longestDelay));
    return () => {
      clearTimeout(timer);
    };
  },
};
