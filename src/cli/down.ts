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
      'Removes every peer, then runs ShutdownCommand. A running daemon does this and exits. ' +
        'If the daemon is dead, this command does it from the journal. A second run finds nothing to do.',
    )
    .addOption(stateDirectoryOption())
    .option('--release-lease', "release this node's lease")
    .option(
      '--forget',
      'forget the network of a dead daemon whose network namespace is gone or whose journal is damaged; no command runs',
    )
    .option('--json', 'print one JSON object')
    .action(async ({ stateDir, releaseLease = false, forget = false, json = false }: DownFlags) => {
      const { runDown } = await import('./run-down.ts');
      await runDown(resolve(stateDir), { releaseLease, forget }, json);
    });
}
