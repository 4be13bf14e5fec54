import type { EmitEvent } from '../../event/event.ts';
import { readMachineMarks, type MachineMarks } from '../../host/machine.ts';
import { explainError } from '../../host/system-error.ts';
import type { StoreChoice } from '../../store/kind.ts';
import type { LeaseRecord } from '../../store/store.ts';
import { noteHeldLease, noteLeaseWrite } from './held-lease.ts';

interface LeaseNotesOptions {
  readonly stateDirectory: string;
  readonly store: StoreChoice;
  /** The hardware address of the underlay's interface, which may change. */
  readonly hardwareAddress: () => string | undefined;
  readonly emit: EmitEvent;
}

/** Notes this node's lease in the state directory. A note that fails is a warning, because the network works without it. */
export class LeaseNotes {
  readonly #options: LeaseNotesOptions;

  constructor(options: LeaseNotesOptions) {
    this.#options = options;
  }

  /** Notes the write of the lease, in case this daemon dies before the store confirms it. */
  writing(write: Pick<LeaseRecord, 'key' | 'value'>): Promise<void> {
    return this.#note((directory, store, machine) => noteLeaseWrite(directory, store, write, machine));
  }

  /** Notes the lease for the next daemon on this machine, which may have another address. */
  written(record: LeaseRecord): Promise<void> {
    return this.#note((directory, store, machine) => noteHeldLease(directory, store, record, machine));
  }

  async #note(
    note: (directory: string, store: StoreChoice, machine: MachineMarks | undefined) => Promise<void>,
  ): Promise<void> {
    const { stateDirectory, store, hardwareAddress, emit } = this.#options;
    try {
      await note(stateDirectory, store, await readMachineMarks(hardwareAddress()));
    } catch (error) {
      const message =
        `cannot note this node's lease in ${stateDirectory}: ${explainError(error)}; ` +
        'if the address of this node changes while heddle does not run, the node may get another subnet';
      emit({ event: 'warning', message });
    }
  }
}
