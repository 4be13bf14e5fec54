import { describeCause } from './causes.ts';
import type { EmitEvent, HeddleEvent } from './event.ts';
import { LastingCauses } from './lasting-causes.ts';
import { countNone, countOne, repeatedEvent, type Counted } from './repeated-event.ts';

/** How long events of one cause are counted before the log says how many there were, in milliseconds. */
const firstWindowMs = 1000;
const longestWindowMs = 60_000;

/** More events than this in one window make the next window twice as long. */
const calm = 3;

/** How many events of one name get a line in one window, whatever their causes and subjects. */
const mostOfOneName = 20;

/** Events that are counted together. */
interface Window {
  readonly beganAt: number;
  readonly lengthMs: number;
  /** How many events get a line before the others are counted. */
  readonly most: number;
  shown: number;
  readonly counted: Counted;
}

/**
 * Gives one cause one line in the log. The first event of a cause, and the first one about a subject, is shown at once. Later ones
 * are counted, and one line has the count when the window ends. While many continue to come, the windows grow. Retries are counted
 * for as long as their cause lasts: see {@link LastingCauses}.
 */
export class Repeats {
  readonly #show: EmitEvent;
  readonly #windows = new Map<string, Window>();
  readonly #lasting: LastingCauses;

  /** @param show writes a line of the log */
  constructor(show: EmitEvent) {
    this.#show = show;
    this.#lasting = new LastingCauses(show);
  }

  /** The end of the next window, in milliseconds; undefined if there is none. */
  get endsAt(): number | undefined {
    const ends = Array.from(this.#windows.values(), endOf);
    const { endsAt } = this.#lasting;
    if (endsAt !== undefined) ends.push(endsAt);
    return ends.length === 0 ? undefined : Math.min(...ends);
  }

  /** Shows or counts an event that happened `now`, in milliseconds from any beginning. */
  take(event: HeddleEvent, now: number): void {
    this.endWindows(now);
    if (this.#lasting.take(event, now)) return;
    const repeatable = describeCause(event);
    if (repeatable === undefined) {
      this.#show(event);
      return;
    }
    const { about, cause } = repeatable;
    const keys = [cause, ...(about === undefined ? [] : [`${event.event} about ${about}`]), event.event];
    const full = keys.map((key) => this.#windows.get(key)).find((window) => window && isFull(window));
    if (full === undefined) {
      for (const key of keys) this.#open(key, key === event.event ? mostOfOneName : 1, now).shown += 1;
      this.#show(event);
      return;
    }
    countOne(full.counted, event, about);
  }

  /** Shows the counts of the windows that have ended by `now`. `Infinity` ends all. */
  endWindows(now: number): void {
    for (const [key, window] of this.#windows) {
      const endsAt = endOf(window);
      if (endsAt > now) continue;
      this.#windows.delete(key);
      const { counted, most, lengthMs, beganAt } = window;
      const told = repeatedEvent(counted, Math.min(now, endsAt) - beganAt);
      if (told !== undefined) this.#show(told);
      if (counted.count > calm && now !== Infinity) {
        const longer = Math.min(2 * lengthMs, longestWindowMs);
        const next = this.#open(key, most, now, longer);
        // The line with the count was the line of this cause.
        if (most === 1) next.shown = 1;
      }
    }
    this.#lasting.endAt(now);
  }

  #open(key: string, most: number, now: number, lengthMs = firstWindowMs): Window {
    const open = this.#windows.get(key);
    if (open !== undefined) return open;
    const window = {
      beganAt: now,
      lengthMs,
      most,
      shown: 0,
      counted: countNone(),
    };
    this.#windows.set(key, window);
    return window;
  }
}

function isFull({ shown, most }: Window): boolean {
  return shown >= most;
}

function endOf({ beganAt, lengthMs }: Window): number {
  return beganAt + lengthMs;
}
