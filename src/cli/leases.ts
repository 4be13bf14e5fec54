import type { Command } from 'commander';
import { resolve } from 'node:path';
import { storeDirectoryOption } from './options.ts';

/** `heddle leases`: what the store holds. */
export function registerLeases(program: Command): void {
  program
    .command('leases')
    .summary('list the leases in the store')
    .description('Lists every lease in the store: its subnet, public address, backend type, data and expiry.')
    .addOption(storeDirectoryOption())
    .option('--json', 'print one JSON array')
    .action(async (flags: { storeDir: string; json?: true }) => {
      const { runLeases } = await import('./run-leases.ts');
      await runLeases(resolve(flags.storeDir), flags.json ?? false);
    });
}
