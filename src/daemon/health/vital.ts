/** A loop of the daemon that must go on. */
export interface Vital {
  /** The name in answers and metrics: `peer-loop`. */
  readonly name: string;
  /** The thing that does not go on, as a clause; undefined if the loop goes on, or waits for something outside the daemon. */
  stall(): string | undefined;
}

/** The health of a loop. `hang`: the reason why it counts as hung, as a clause; undefined if it goes on. */
export interface LoopHealth {
  readonly name: string;
  readonly hang: string | undefined;
}

/** The time for which a loop must not go on until it counts as hung, in milliseconds. */
const hungAfterMs = 30_000;

/** The age of a call, to the store or of a look at the network, after which its loop does not go on. In milliseconds. */
const longestCallMs = 120_000;

/** The delay of a timer after which its loop does not go on, in milliseconds. */
const latestTimerMs = 5000;

/**
 * The health of the daemon's own loops, as of its last beat. Time is counted in beats: while the daemon is stopped, as by SIGSTOP or a
 * suspended machine, no time passes, so that nothing counts as hung only because of that.
 */
export class Vitals {
  readonly #intervalMs: number;
  readonly #list: () => readonly Vital[];
  /** The loops at the last beat. `stalledMs`: for how long the loop has not gone on. */
  #loops: ReadonlyMap<string, { readonly stall: string | undefined; readonly stalledMs: number }> = new Map();

  /** @param intervalMs the time between two beats */
  constructor(intervalMs: number, list: () => readonly Vital[]) {
    this.#intervalMs = intervalMs;
    this.#list = list;
  }

  /** Looks at every loop. Call at each interval. */
  beat(): void {
    const loops = this.#list().map((vital) => {
      const stall = vital.stall();
      const before = this.#loops.get(vital.name);
      const hasStalled = stall !== undefined && before?.stall !== undefined;
      return [
        vital.name,
        { stall, stalledMs: hasStalled ? before.stalledMs + this.#intervalMs : 0 },
      ] as const;
    });
    this.#loops = new Map(loops);
  }

  /** The health of each loop, in the order of the list. */
  get loops(): readonly LoopHealth[] {
    return [...this.#loops].map(([name, { stall, stalledMs }]) => ({
      name,
      hang: stalledMs >= hungAfterMs ? stall : undefined,
    }));
  }
}

/** The clause for a call that takes too long; undefined if its age, in milliseconds, is still usual. */
export function describeLongCall(what: string, ageMs: number): string | undefined {
  return ageMs < longestCallMs ? undefined : `${what} for ${Math.round(ageMs / 1000)} s`;
}

/** The clause for a timer that did not fire; undefined if it is not due, or only just. `inMs`: the time until it is due. */
export function describeLateTimer(what: string, inMs: number): string | undefined {
  return -inMs < latestTimerMs ? undefined : `${what} is ${Math.round(-inMs / 1000)} s late`;
}
