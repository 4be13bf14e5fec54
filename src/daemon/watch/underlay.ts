import { Failure } from '../../diagnostic/failure.ts';
import type { Concerns } from '../../event/concerns.ts';
import type { ChosenInterface } from '../../host/interface/choose-interface.ts';
import { compareUnderlay, type UnderlaySight } from '../../host/interface/compare-underlay.ts';
import type { InterfaceLookUp } from '../../host/interface/interface.ts';

/** The interface of a running network: how it was when the network was brought up on it, and how it was seen last. */
export class UnderlayWatch {
  readonly #interfaces: Pick<InterfaceLookUp, 'see'>;
  readonly #concerns: Concerns;
  #underlay: ChosenInterface;
  #sight: UnderlaySight = { kind: 'same' };

  constructor(underlay: ChosenInterface, interfaces: Pick<InterfaceLookUp, 'see'>, concerns: Concerns) {
    this.#underlay = underlay;
    this.#interfaces = interfaces;
    this.#concerns = concerns;
  }

  /** The last sight of it. */
  get sight(): UnderlaySight {
    return this.#sight;
  }

  /** Looks at it once. If the kernel cannot be asked, the last sight stays. After the signal nothing is told any more. */
  async look(signal: AbortSignal): Promise<void> {
    const { name } = this.#underlay;
    let sight: UnderlaySight;
    try {
      sight = compareUnderlay(this.#underlay, await this.#interfaces.see(name));
    } catch (error) {
      if (error instanceof Failure) return;
      throw error;
    }
    if (signal.aborted) return;
    this.#sight = sight;
    const { because } = sight.kind === 'unusable' ? sight : { because: undefined };
    const hint = 'make it as it was; or, if another interface or address is right now, restart heddle';
    this.#concerns.set('underlay', because === undefined ? [] : [{ about: name, because, hint }]);
  }

  /** The network was brought up again on the interface as it is now. */
  settle(underlay: ChosenInterface): void {
    this.#underlay = underlay;
    this.#sight = { kind: 'same' };
  }
}
