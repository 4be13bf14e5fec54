import type { NodeFacts } from '../../contract/environment.ts';
import { nodeVariables, ownVariables } from '../../contract/environment.ts';
import { planDevices } from '../../doctor/devices/planned-devices.ts';
import { readDeviceNames } from '../../host/interface/device-names.ts';
import type { LeaseSubnets } from '../../lease/lease.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import { Periodic } from '../../time/periodic.ts';
import { pollsMs } from '../../time/retry.ts';

interface DeviceWatchOptions {
  /** The names of the devices that the recipe's commands create; some of them may not exist on this node. */
  readonly planned: () => readonly string[];
  /** Called when devices are found to be gone that were there before. */
  readonly onGone: () => void;
  /** Reads the names of the devices that exist; undefined if nobody knows. */
  readonly read?: () => ReadonlySet<string> | undefined;
}

/**
 * Looks whether the devices of the overlay still exist, for every recipe: reading their names costs a fraction of a millisecond. A device
 * that is gone counts as missing until the network is built again.
 */
export class DeviceWatch {
  readonly #options: DeviceWatchOptions;
  readonly #interval = new Periodic(pollsMs.devices, () => {
    this.look();
    return Promise.resolve();
  });
  #expected: readonly string[] = [];
  #isPaused = false;
  #missing: readonly string[] = [];

  constructor(options: DeviceWatchOptions) {
    this.#options = options;
  }

  /** The devices that are gone. */
  get missing(): readonly string[] {
    return this.#missing;
  }

  /** The problem as a clause; undefined if every device is there. */
  get trouble(): string | undefined {
    const names = this.#missing;
    if (names.length === 0) return undefined;
    return `${names.join(' and ')} ${names.length === 1 ? 'is' : 'are'} gone`;
  }

  /** Call when the network was brought up or built again: the devices that exist now are expected from then on. */
  learn(): void {
    const names = this.#read();
    this.#missing = [];
    this.#expected = names === undefined ? [] : this.#options.planned().filter((name) => names.has(name));
  }

  /** Does some work during which a device may go and come. */
  async pauseDuring<T>(work: () => Promise<T>): Promise<T> {
    this.#isPaused = true;
    try {
      return await work();
    } finally {
      this.#isPaused = false;
    }
  }

  /** Looks once. */
  look(): void {
    if (this.#isPaused || this.#expected.length === 0) return;
    const names = this.#read();
    if (names === undefined) return;
    const gone = this.#expected.filter((name) => !names.has(name) && !this.#missing.includes(name));
    if (gone.length === 0) return;
    this.#missing = [...this.#missing, ...gone];
    this.#options.onGone();
  }

  /** Looks again and again, until {@link stop}. */
  start(): void {
    this.#interval.start();
  }

  stop(): Promise<void> {
    this.#interval.stop();
    return Promise.resolve();
  }

  #read(): ReadonlySet<string> | undefined {
    const { read = readDeviceNames } = this.#options;
    return read();
  }
}

/** The names of the devices that a recipe's text creates on this node, as far as the text tells. */
export function plannedNames(
  recipe: Pick<Recipe, 'commands'>,
  facts: NodeFacts,
  own: LeaseSubnets,
): readonly string[] {
  const variables = { ...nodeVariables(facts, own), ...ownVariables(facts, own) };
  const names = planDevices(recipe, variables).devices.flatMap(({ name }) => name ?? []);
  return [...new Set(names)];
}
