import type { CloudMachine } from './cloud.ts';

/** The machines of a cloud whose API is a server of the tests. */
export class Machines {
  readonly #prefix: string;
  readonly #machines = new Map<string, CloudMachine>();
  #count = 0;

  /** `prefix` begins the identifier of each machine, as that cloud's do. */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  add(address: string, mac = '02:00:00:00:00:63'): Promise<CloudMachine> {
    this.#count += 1;
    const machine = { id: `${this.#prefix}${this.#count}`, address, mac };
    this.#machines.set(machine.id, machine);
    return Promise.resolve(machine);
  }

  remove({ id }: CloudMachine): Promise<void> {
    this.#machines.delete(id);
    return Promise.resolve();
  }

  has(id: string): boolean {
    return this.#machines.has(id);
  }

  addressOf(id: string): string | undefined {
    return this.#machines.get(id)?.address;
  }

  withAddress(...addresses: readonly string[]): readonly CloudMachine[] {
    return [...this.#machines.values()].filter(({ address }) => addresses.includes(address));
  }
}
