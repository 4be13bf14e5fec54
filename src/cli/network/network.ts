import type { Command } from 'commander';
import { addStoreOptions, chooseStore } from '../arguments/store-options.ts';

/** `heddle network`: the network configuration in the store. */
export function registerNetwork(program: Command): void {
  const network = program
    .command('network')
    .summary('show or set the network configuration in the store')
    .description("The network configuration in the store: flannel's document, which every node goes by.");

  addStoreOptions(network.command('get'))
    .summary('print the network configuration')
    .description('Prints the network configuration as it stands in the store.')
    .action(async (_: unknown, self: Command) => {
      const { getNetwork } = await import('./run-get.ts');
      await getNetwork(await chooseStore(self));
    });

  addStoreOptions(network.command('set <file>'))
    .summary('check a network configuration and write it into the store')
    .description(
      'Checks a network configuration, and where there is a local recipe of its type also the parameters, and writes it ' +
        'into the store. "-" reads standard input. Running nodes keep to the old one until they are started again.',
    )
    .action(async (file: string, _: unknown, self: Command) => {
      const { setNetwork } = await import('./run-set.ts');
      await setNetwork(await chooseStore(self), file);
    });
}
