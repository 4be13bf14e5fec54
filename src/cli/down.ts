import type { Command } from 'commander';
import { resolve } from 'node:path';
import { stateDirectoryOption } from './arguments/options.ts';

interface DownFlags {
  readonly stateDir: string;
  readonly releaseLease?: boolean;
  readonly forget?: boolean;
  readonly json?: boolean;
}

/** `heddle down`: takes the network down on this node, whether its daemon runs or is dead. */
export function registerDown(program: Command): void {
  program
    .command('down')
    .summary('take the network down on this node')
    .description(
      'Removes every peer, then runs ShutdownCommand. A running daemon is asked to do it and to end; ' +
        'after a dead one it is done from its journal. A second time there is nothing to do.',
    )
    .addOption(stateDirectoryOption())
    .option('--release-lease', "give this node's lease back")
    .option('--forget', 'of a dead daemon: run nothing, as its network is gone, with its network namespace')
    .option('--json', 'print one JSON object')
    .action(async ({ stateDir, releaseLease = false, forget = false, json = false }: DownFlags) => {
      const { runDown } = await import('./run-down.ts');
      await runDown(resolve(stateDir), { releaseLease, forget }, json);
    });
}
