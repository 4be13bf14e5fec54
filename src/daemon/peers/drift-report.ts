import type { Displacement, Drift } from '../../engine/check.ts';
import { namingSubnet } from '../../engine/in-place.ts';
import type { EmitEvent } from '../../event/event.ts';
import { namePeer } from './peer-report.ts';

/** The last repair of a difference between the kernel and its intended state. */
export interface DriftRepair {
  /** The time, as RFC 3339. */
  readonly at: string;
  readonly missing: number;
  readonly extra: number;
  /** Whether the device was built again. */
  readonly rebuilt: boolean;
}

/** Reports the results of checks, and keeps the last repair for status. */
export class DriftReport {
  readonly #emit: EmitEvent;
  readonly #now: () => number;
  #last: DriftRepair | undefined;
  /** The peers that took the place of another peer, as the last check reported them. */
  #displaced = new Set<string>();
  #wasRebuilt = false;

  /** @param now milliseconds since the epoch */
  constructor(emit: EmitEvent, now: () => number) {
    this.#emit = emit;
    this.#now = now;
  }

  get last(): DriftRepair | undefined {
    return this.#last;
  }

  /** Call when the device was built again. The next check shows which peers were lost. */
  rebuilt(): void {
    this.#wasRebuilt = true;
  }

  /** Call with the result of a check. */
  judged({ missing, displaced, extra }: Drift): void {
    this.#tellDisplaced(displaced);
    const isDrift = missing.length > 0 || extra.length > 0;
    if (isDrift || this.#wasRebuilt) {
      this.#last = {
        at: new Date(this.#now()).toISOString(),
        missing: missing.length,
        extra: extra.length,
        rebuilt: this.#wasRebuilt,
      };
    }
    this.#wasRebuilt = false;
    if (isDrift) this.#emit({ event: 'drift', missing: missing.map(namingSubnet), extra });
  }

  /** Reports each pair of peers that displace each other once, for as long as it lasts. */
  #tellDisplaced(displaced: readonly Displacement[]): void {
    const told = this.#displaced;
    this.#displaced = new Set();
    for (const { peer, by, shared } of displaced) {
      const pair = `${peer.key} ${by.key}`;
      this.#displaced.add(pair);
      if (told.has(pair)) continue;
      this.#emit({ event: 'peer-displaced', peer: namePeer(peer), by: namePeer(by), shared });
    }
  }
}
