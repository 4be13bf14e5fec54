import type { Command } from 'commander';
import { addStoreOptions, chooseStore } from '../arguments/store-options.ts';

/** `heddle network`: the network configuration in the store. */
export function registerNetwork(program: Command): void {
  const network = program
    .command('network')
    .summary('show or set the network configuration in the store')
    .description("The network configuration in the store: flannel's document, which every node uses.");

  addStoreOptions(network.command('get'))
    .summary('print the network configuration')
    .description(
      'Prints the network configuration in the store, unchanged, and on stderr how heddle understands it.',
    )
    .option('--json', 'print one JSON object')
    .action(async (flags: { json?: true }, self: Command) => {
      const { getNetwork } = await import('./run-get.ts');
      await getNetwork(await chooseStore(self), flags.json ?? false);
    });

  addStoreOptions(network.command('set <file>'))
    .summary('check a network configuration and write it into the store')
    .description(
      'Checks a network configuration, and its parameters if a local recipe has its type. Then writes it ' +
        'into the store. "-" reads standard input. Running nodes keep the old configuration until they restart.',
    )
    .action(async (file: string, _: unknown, self: Command) => {
      const { setNetwork } = await import('./run-set.ts');
      await setNetwork(await chooseStore(self), file);
    });
}
