import type { Concern, ConcernKind } from './concern.ts';
import type { EmitEvent } from './event.ts';

/** A concern, and since when it exists, in milliseconds since the epoch. */
export interface StandingConcern extends Concern {
  readonly since: number;
}

/** The concerns about a network. Each is logged when it begins, when it ends, and when its text changes. */
export class Concerns {
  readonly #emit: EmitEvent;
  readonly #onChange: () => void;
  readonly #now: () => number;
  readonly #byKind = new Map<ConcernKind, readonly StandingConcern[]>();

  /**
   * @param onChange called after each change
   * @param now milliseconds since the epoch
   */
  constructor(emit: EmitEvent, onChange: () => void, now: () => number) {
    this.#now = now;
    this.#emit = emit;
    this.#onChange = onChange;
  }

  /** Every concern, in the order in which their kinds first appeared. */
  get all(): readonly StandingConcern[] {
    return [...this.#byKind.values()].flat();
  }

  /** Replaces all concerns of one kind. */
  set(kind: ConcernKind, concerns: readonly Omit<Concern, 'kind'>[]): void {
    const before = this.#byKind.get(kind) ?? [];
    const now = concerns.map((concern) => this.#keepSince({ ...concern, kind }, before));
    const ended = before.filter(({ about }) => now.every((concern) => concern.about !== about));
    const begun = now.filter((concern) => !before.includes(concern));
    if (ended.length === 0 && begun.length === 0) return;
    this.#byKind.set(kind, now);
    for (const { about } of ended) this.#emit({ event: 'concern-ended', kind, about });
    for (const { about, because, hint } of begun)
      this.#emit({ event: 'concern', kind, about, because, hint });
    this.#onChange();
  }

  /** The concern as it stands already, if its text is the same; a changed text keeps the time of its beginning. */
  #keepSince(concern: Concern, before: readonly StandingConcern[]): StandingConcern {
    const earlier = before.find(({ about }) => about === concern.about);
    if (earlier === undefined) return { ...concern, since: this.#now() };
    const isSame = earlier.because === concern.because && earlier.hint === concern.hint;
    return isSame ? earlier : { ...concern, since: earlier.since };
  }
}
