import type { EmitEvent } from '../../event/event.ts';
import type { StoredNetworkPlace } from '../../store/store.ts';
import { OutageLog } from '../lease/outage-log.ts';

/** The interval between the operator's reminders of a waiting start, in milliseconds. */
const remindMs = 60_000;

/** The reason why a start waits, for status and the log. */
export class StartWait {
  /** The store's outages during the start. */
  readonly outages: OutageLog;
  readonly #emit: EmitEvent;
  #asked: string | undefined;
  #missing: string | undefined;
  #remindedAt = Number.NEGATIVE_INFINITY;

  constructor(emit: EmitEvent) {
    this.#emit = emit;
    this.outages = new OutageLog(emit);
  }

  /** A phrase that completes "waits for"; undefined if the start does not wait. */
  get what(): string | undefined {
    if (this.outages.current !== undefined) return `the store: ${this.outages.current.because}`;
    return this.#missing ?? this.#asked;
  }

  /** Call when the start begins to wait for the first answer of the store `source`, and without a source when it has the answer. */
  asksStore(source: string | undefined): void {
    this.#asked = source === undefined ? undefined : `the first answer of the ${source}`;
  }

  /** Whether {@link missesNetwork} would remind the operator now. */
  get isReminderDue(): boolean {
    return performance.now() - this.#remindedAt >= remindMs;
  }

  /** Call when the store `source` answers and does not have a network configuration. The operator is reminded once a minute. */
  missesNetwork(source: string, { place, cause }: StoredNetworkPlace, hint: string): void {
    this.#missing = `a network configuration at ${place} (${cause ?? hint})`;
    if (!this.isReminderDue) return;
    this.#remindedAt = performance.now();
    this.#emit({ event: 'network-awaited', source, place, cause: cause ?? null, hint });
  }
}
