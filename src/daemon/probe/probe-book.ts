import type { ProbeTarget } from './targets.ts';

/**
 * The state of one probed address.
 *
 *     unknown ──it answered──▶ answers ◀──it answered── silent
 *                                 └───it did not answer───▲
 */
export type ProbeResult =
  /** The last packet was answered. */
  | 'answers'
  /** An earlier packet was answered, and the last ones were not. */
  | 'silent'
  /** Nobody ever answered there, so nothing can be told: perhaps no device has the address. */
  | 'unknown';

/** The result for one address. */
export interface ProbedAddress extends ProbeTarget {
  readonly result: ProbeResult;
  /** Milliseconds since the epoch; undefined if nobody ever answered. */
  readonly lastAnswerAt: number | undefined;
}

/** The results of all probes of a network, by address. */
export class ProbeBook {
  readonly #byAddress = new Map<string, ProbedAddress>();

  get all(): readonly ProbedAddress[] {
    return [...this.#byAddress.values()];
  }

  /** The addresses that answered before and no longer do. */
  get silent(): readonly ProbedAddress[] {
    return this.all.filter(({ result }) => result === 'silent');
  }

  /** Whether an address has answered at some time, so that its silence means something. */
  hasAnswered(target: ProbeTarget): boolean {
    return this.#find(target)?.lastAnswerAt !== undefined;
  }

  /** Takes the result of a probe that ended `now`, in milliseconds since the epoch. */
  note(target: ProbeTarget, answered: boolean, now: number): void {
    const lastAnswerAt = answered ? now : this.#find(target)?.lastAnswerAt;
    const result = answered ? 'answers' : lastAnswerAt === undefined ? 'unknown' : 'silent';
    this.#byAddress.set(target.address, { ...target, result, lastAnswerAt });
  }

  /** Forgets every address of which `isWanted` is false: its peer is gone. */
  retain(isWanted: (target: ProbeTarget) => boolean): void {
    for (const probed of this.#byAddress.values()) {
      if (!isWanted(probed)) this.#byAddress.delete(probed.address);
    }
  }

  /** The entry of this address for this peer: another peer that has the address now did not give the answers. */
  #find({ key, address }: ProbeTarget): ProbedAddress | undefined {
    const probed = this.#byAddress.get(address);
    return probed?.key === key ? probed : undefined;
  }
}
