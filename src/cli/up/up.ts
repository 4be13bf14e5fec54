import type { Command } from 'commander';
import { addFlanneldOptions } from '../flanneld/declare-options.ts';
import { addUpOptions } from './up-options.ts';

/** `heddle up`: brings the network up on this node and keeps it so, in the foreground. */
export function registerUp(program: Command): void {
  const up = addUpOptions(program.command('up'))
    .summary('bring the network up on this node and keep it up')
    .description(
      'Brings the network of a recipe up on this node, and keeps it up until SIGTERM or SIGINT. Runs in the foreground.',
    )
    .option('--print-config', 'print every option with its value and its origin, and exit')
    .option('--dry-run', 'tell what would be done on this host, and do nothing')
    .option('--json', 'with --print-config or --dry-run: print one JSON object')
    .action(async (_: unknown, self: Command) => {
      const { startUp } = await import('./start-up.ts');
      await startUp(self);
    });
  addFlanneldOptions(up);
}
