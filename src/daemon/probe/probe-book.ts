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
  /** No packet was ever answered, so the state is unknown: perhaps no device has the address. */
  | 'unknown';

/** The result for one address. */
interface ProbedAddress extends ProbeTarget {
  readonly result: ProbeResult;
  /** The time of the last answer, in milliseconds since the epoch; undefined if there was none. */
  readonly lastAnswerAt: number | undefined;
}

/** The results of all probes so far. */
export interface ProbeReport {
  /** The end of the last round, in milliseconds since the epoch. */
  readonly at: number;
  readonly addresses: readonly ProbedAddress[];
}

/** The results of all probes of a network, by address. */
export class ProbeBook {
  readonly #byAddress = new Map<string, ProbedAddress>();

  get all(): readonly ProbedAddress[] {
    return [...this.#byAddress.values()];
  }

  /** The addresses that answered before and do not answer any more. */
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

  /** Keeps only the addresses for which `isWanted` is true. The peers of the others are gone. */
  retain(isWanted: (target: ProbeTarget) => boolean): void {
    for (const probed of this.#byAddress.values()) {
      if (!isWanted(probed)) this.#byAddress.delete(probed.address);
    }
  }

  /** Finds the entry of this address for this peer. Answers of another peer that had the address before do not count. */
  #find({ key, address }: ProbeTarget): ProbedAddress | undefined {
    const probed = this.#byAddress.get(address);
    return probed?.key === key ? probed : undefined;
  }
}
