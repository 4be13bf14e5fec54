import { setTimeout as delay } from 'node:timers/promises';
import { Vitals, type LoopHealth, type Vital } from './vital.ts';

/** The interval between two beats, in milliseconds. */
const beatMs = 1000;

/** The age of the last beat at which the timers of the daemon count as hung, in milliseconds. */
const oldestBeatMs = 10_000;

/** Looks once a second whether each loop of the daemon goes on. A daemon whose event loop hangs does not beat, and does not answer. */
export class Heartbeat {
  readonly #vitals: Vitals;
  readonly #onBeat: () => void;
  #timer: NodeJS.Timeout | undefined;
  #lastBeat = performance.now();

  /** @param onBeat called after each beat; does not throw */
  constructor(list: () => readonly Vital[], onBeat: () => void) {
    this.#vitals = new Vitals(beatMs, list);
    this.#onBeat = onBeat;
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#beat(), beatMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** The health of the timers and of each loop, as of the last beat. */
  get loops(): readonly LoopHealth[] {
    const ageMs = performance.now() - this.#lastBeat;
    const hang =
      ageMs < oldestBeatMs ? undefined : `the last beat of the daemon was ${Math.round(ageMs / 1000)} s ago`;
    return [{ name: 'timer', hang }, ...this.#vitals.loops];
  }

  /** Whether no loop hangs. */
  get isWell(): boolean {
    return this.loops.every(({ hang }) => hang === undefined);
  }

  /**
   * The same as {@link loops}, after a turn of the timers. A daemon that was stopped beats before its timers answer, so it is not taken
   * for hung because of the stop.
   */
  async examine(): Promise<readonly LoopHealth[]> {
    await delay(1);
    return this.loops;
  }

  #beat(): void {
    this.#lastBeat = performance.now();
    this.#vitals.beat();
    this.#onBeat();
  }
}
