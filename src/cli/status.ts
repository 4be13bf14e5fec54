import type { Command } from 'commander';
import { resolve } from 'node:path';
import { stateDirectoryOption } from './arguments/options.ts';

/** `heddle status`: how this node's daemon is. */
export function registerStatus(program: Command): void {
  program
    .command('status')
    .summary('show how the daemon on this node is')
    .description(
      'Asks the daemon of this node over its control socket. Exits with 14 if it is degraded, 12 if none runs.',
    )
    .addOption(stateDirectoryOption())
    .option('--json', 'print one JSON object')
    .action(async (flags: { stateDir: string; json?: true }) => {
      const { runStatus } = await import('./run-status.ts');
      await runStatus(resolve(flags.stateDir), flags.json ?? false);
    });
}
