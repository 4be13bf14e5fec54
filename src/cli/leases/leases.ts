import type { Command } from 'commander';
import { resolve } from 'node:path';
import { stateDirectoryOption } from '../arguments/options.ts';
import { refuseUnknownWords } from '../help.ts';
import { addStoreOptions, chooseStore } from '../arguments/store-options.ts';

/** `heddle leases`: what the store holds, and what an operator may change there by hand. */
export function registerLeases(program: Command): void {
  const leases = program
    .command('leases')
    .summary('list the leases in the store; reserve and release subnets')
    .description(
      'Lists every lease in the store: its subnet, public address, backend type, data and expiry. ' +
        'If a daemon runs on this node with this store, the column HERE says what the lease is for that daemon.',
    );

  addStoreOptions(leases)
    .addOption(stateDirectoryOption())
    .option('--json', 'print one JSON array')
    .action(async (_: unknown, self: Command) => {
      await refuseUnknownWords(self);
      const { listLeases } = await import('./run-leases.ts');
      const { stateDir } = self.opts<{ stateDir: string }>();
      await listLeases(await chooseStore(self), resolve(stateDir), wantsJson(self));
    });

  addStoreOptions(leases.command('reserve <subnet> <public-ip>'))
    .summary('reserve a subnet for the node with this public address')
    .description(
      'Writes a lease that never expires. Only the node with this public address can take it. ' +
        'For a dual-stack network, separate two subnets, or two addresses, with a comma.',
    )
    .option('--json', 'print one JSON object')
    .action(async (subnet: string, publicIp: string, _: unknown, self: Command) => {
      const { reserveSubnet } = await import('./run-leases-change.ts');
      await reserveSubnet(await chooseStore(self), subnet, publicIp, wantsJson(self));
    });

  addStoreOptions(leases.command('release <subnet>'))
    .summary('remove a lease or a reservation')
    .description('Removes a lease or a reservation. A node that is still running takes its subnet again.')
    .option('--json', 'print one JSON object')
    .action(async (subnet: string, _: unknown, self: Command) => {
      const { releaseSubnet } = await import('./run-leases-change.ts');
      await releaseSubnet(await chooseStore(self), subnet, wantsJson(self));
    });

  // This comes last, because the commands below would inherit it. Words that are not a command get a better message
  // than commander's.
  leases.allowExcessArguments();
}

/** Commander gives an option that `leases` has to `leases`, wherever it stands. */
function wantsJson(command: Command): boolean {
  return command.optsWithGlobals<{ json?: true }>().json ?? false;
}
