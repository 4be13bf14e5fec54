import type { Command } from 'commander';
import { resolve } from 'node:path';
import { stateDirectoryOption } from './arguments/options.ts';

/** `heddle status`: how this node's daemon is. */
export function registerStatus(program: Command): void {
  program
    .command('status')
    .summary('show the status of the daemon on this node')
    .description(
      'Shows the status of the daemon on this node. Exits with 14 if it is degraded, 12 if it is not running, 18 if it does not answer.',
    )
    .addOption(stateDirectoryOption())
    .option('--probe', 'send a packet to each peer first, at most 50 a second, and show who answers')
    .option('--json', 'print one JSON object')
    .action(async (flags: { stateDir: string; json?: true; probe?: true }) => {
      const { runStatus } = await import('./run-status.ts');
      await runStatus(resolve(flags.stateDir), flags.json ?? false, flags.probe ?? false);
    });
}
