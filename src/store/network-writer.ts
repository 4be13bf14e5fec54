import type { StoreChoice } from './kind.ts';
import { storeKindOf } from './kinds.ts';
import { networkSetCommand } from './network-command.ts';

/** The way to write the network configuration of a store, as a noun: a command, or the edit of a file. */
export function networkWriterOf(choice: StoreChoice): string {
  const kind = storeKindOf(choice);
  return kind.networkEditor?.(choice) ?? networkSetCommand(kind.argumentsOf(choice));
}
