import { setTimeout as delay } from 'node:timers/promises';
import {
  compareStates,
  isSame,
  toState,
  type KernelState,
  type StateDifference,
} from '../../plan/kernel/kernel-state.ts';
import { readState, stateScript } from '../../plan/kernel/read-state.ts';
import { podDevices } from '../../plan/commands.ts';
import { dataWords } from '../../plan/data-words.ts';
import { readLeases, type LeaseFile } from '../../inside/store/lease-files.ts';
import { enterHost, type Holder } from '../../inside/node/holder.ts';
import { runLabProgram } from '../../inside/lab-program.ts';

/** The time between two looks at a node's kernel, in milliseconds. */
const lookEveryMs = 100;

/** Runs a program in a node, and returns its stdout. Throws a Failure with its stderr. */
export async function runInNode(holder: Holder, command: readonly string[]): Promise<string> {
  const [program, ...args] = enterHost(holder, command);
  return runLabProgram(program, args);
}

/** Reads the kernel of a node, without the objects of its pod. */
export class StateReader {
  readonly #holder: Holder;
  readonly #addresses: readonly string[];
  #ownKey: string | undefined;

  /** @param addresses the public addresses of the node, by which its lease is found */
  constructor(holder: Holder, addresses: readonly string[]) {
    this.#holder = holder;
    this.#addresses = addresses;
  }

  /**
   * Reads the state. The node's own backend data is masked: a recipe that makes a new MAC or key at each start breaks the promises that are
   * about it, and no others.
   */
  async read(): Promise<KernelState> {
    const state = readState(await runInNode(this.#holder, ['sh', '-c', stateScript]));
    const words = dataWords((await this.#readOwnLease())?.text ?? '{}');
    const objects = [...state.values()].filter(
      ({ device }) => device === undefined || !podDevices.has(device),
    );
    return toState(objects.map((object) => ({ ...object, text: mask(object.text, words) })));
  }

  /** Reads the node's own lease. The first one with its address is its own; a hostile lease may claim the address later. */
  async #readOwnLease(): Promise<LeaseFile | undefined> {
    const leases = await readLeases();
    const own = leases.find(({ key, text }) =>
      this.#ownKey === undefined
        ? this.#addresses.some((each) => text.includes(`"${each}"`))
        : key === this.#ownKey,
    );
    this.#ownKey ??= own?.key;
    return own;
  }

  /** Waits until the kernel has the expected objects, and no others. Returns the last difference; undefined if there is none. */
  async await(expected: KernelState, withinMs: number): Promise<StateDifference | undefined> {
    const deadline = performance.now() + withinMs;
    for (;;) {
      const difference = compareStates(expected, await this.read());
      if (isSame(difference)) return undefined;
      if (performance.now() >= deadline) return difference;
      await delay(lookEveryMs);
    }
  }
}

function mask(text: string, words: readonly string[]): string {
  return words.reduce((masked, word) => masked.replaceAll(word, '(own data)'), text);
}
