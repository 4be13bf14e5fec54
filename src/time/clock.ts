import { timerDelay } from './longest-timer.ts';

/** Time as the stores see it, so that tests can own it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds since some moment, at the pace of time: nobody can set this clock. It may stand while the machine sleeps. */
  steady(): number;
  /** Calls back once after so many milliseconds, unless the returned function is called before. */
  after(delayMs: number, callback: () => void): () => void;
}

/**
 * The machine's own clock. A timer may fire early (a delay of more than 24 days is cut short, the clock may be set
 * back), so who is called looks at the time again.
 */
export const systemClock: Clock = {
  now: () => Date.now(),
  steady: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, timerDelay(delayMs));
    return () => {
      clearTimeout(timer);
    };
  },
};
