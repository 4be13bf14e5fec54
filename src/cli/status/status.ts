import { Option, type Command } from 'commander';
import { resolve } from 'node:path';
import { stateDirectoryOption } from '../arguments/options.ts';

interface StatusFlags {
  readonly stateDir: string;
  readonly json?: boolean;
  readonly probe?: boolean;
  readonly watch?: boolean;
}

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
    .addOption(
      new Option(
        '--watch',
        'keep showing it until Ctrl-C; with --json, print an object each time that it changes',
      ).conflicts('probe'),
    )
    .option('--json', 'print one JSON object')
    .action(async ({ stateDir, json = false, probe = false, watch = false }: StatusFlags) => {
      const { runStatus, watchStatus } = await import('./run-status.ts');
      const stateDirectory = resolve(stateDir);
      await (watch ? watchStatus(stateDirectory, json) : runStatus(stateDirectory, json, probe));
    });
}
