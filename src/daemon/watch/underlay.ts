import { Failure } from '../../diagnostic/failure.ts';
import type { Concerns } from '../../event/concerns.ts';
import type { ChosenInterface } from '../../host/interface/choose-interface.ts';
import { compareChoice, compareUnderlay, type UnderlaySight } from '../../host/interface/compare-underlay.ts';
import type { HostInterfaces } from '../../host/interface/interface.ts';
import { contains, formatCidr, parseAddress, type Cidr, type Family } from '../../network/cidr.ts';
import { presentValues } from '../../network/per-family.ts';
import { listPublicAddresses } from '../../network/public-addresses.ts';

/** The interface of a running network: its state when the network was brought up on it, and its last known state. */
export class UnderlayWatch {
  readonly #interfaces: HostInterfaces;
  readonly #families: readonly Family[];
  readonly #forbidden: readonly Cidr[];
  readonly #concerns: Concerns;
  #underlay: ChosenInterface;
  #sight: UnderlaySight = { kind: 'same' };

  /**
   * @param families the network's address families
   * @param forbidden networks in which no address of this node may lie: the overlay's own, unless an overlap is allowed
   */
  constructor(
    underlay: ChosenInterface,
    interfaces: HostInterfaces,
    families: readonly Family[],
    forbidden: readonly Cidr[],
    concerns: Concerns,
  ) {
    this.#forbidden = forbidden;
    this.#underlay = underlay;
    this.#interfaces = interfaces;
    this.#families = families;
    this.#concerns = concerns;
  }

  /** The interface as the network was brought up on it. */
  get underlay(): ChosenInterface {
    return this.#underlay;
  }

  /** The last known state of the interface. */
  get sight(): UnderlaySight {
    return this.#sight;
  }

  /** Looks at the interface once. If the kernel does not answer, the last known state stays. After the signal, nothing is reported. */
  async look(signal: AbortSignal): Promise<void> {
    const { name } = this.#underlay;
    let sight: UnderlaySight;
    try {
      sight = await this.#see();
    } catch (error) {
      if (error instanceof Failure) return;
      throw error;
    }
    if (signal.aborted) return;
    this.#sight = sight;
    const { because } = sight.kind === 'unusable' ? sight : { because: undefined };
    const hint = 'make it as it was, or choose another one with --iface and restart heddle';
    this.#concerns.set('underlay', because === undefined ? [] : [{ about: name, because, hint }]);
  }

  /** Looks at the interface. If its address or the interface is gone, another one is chosen as at the start. Throws a Failure. */
  async #see(): Promise<UnderlaySight> {
    const underlay = this.#underlay;
    const sight = compareUnderlay(underlay, await this.#interfaces.see(underlay.name));
    if (sight.kind !== 'lost') return sight;
    try {
      const chosen = await this.#interfaces.chooseAgain(this.#families);
      const refusal = this.#refuse(chosen);
      if (refusal !== undefined) return { kind: 'unusable', because: `${sight.because}; ${refusal}` };
      return compareChoice(underlay, chosen);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      return { kind: 'unusable', because: `${sight.because}; ${error.message}` };
    }
  }

  #refuse(chosen: ChosenInterface): string | undefined {
    for (const text of [...presentValues(chosen.addresses), ...listPublicAddresses(chosen)]) {
      const address = parseAddress(text);
      const network = this.#forbidden.find((other) => address !== undefined && contains(other, address));
      if (network !== undefined) {
        return `its address ${text} lies inside the overlay network ${formatCidr(network)}`;
      }
    }
    return undefined;
  }

  /** Call when the network was brought up again on the present interface. Throws errors of the file system. */
  async settle(underlay: ChosenInterface): Promise<void> {
    this.#underlay = underlay;
    this.#sight = { kind: 'same' };
    await this.#interfaces.remember(underlay);
  }
}
