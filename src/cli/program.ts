import { Command } from 'commander';
import { exitCodes } from '../diagnostic/failure.ts';
import { explainError, hasErrorCode } from '../host/system-error.ts';
import { refuseEmptyOptions } from './empty-options.ts';
import { registerDown } from './down.ts';
import { addHelp } from './help.ts';
import { registerLab } from './lab.ts';
import { registerLeases } from './leases.ts';
import { registerNetwork } from './network.ts';
import { registerRecipe } from './recipe.ts';
import { registerStatus } from './status.ts';
import { registerUp } from './up.ts';
import { readVersion } from './version.ts';

/** The whole command line. Each subcommand loads what it needs only when it is called. */
export function createProgram(): Command {
  const program = new Command('heddle')
    .description(
      'Runs the shell commands of a JSON recipe at the right moments in the life of a flannel subnet lease.',
    )
    .version(readVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show this help')
    .exitOverride()
    .configureHelp({ showGlobalOptions: false })
    .showSuggestionAfterError()
    .hook('preAction', (program, action) => {
      refuseEmptyOptions(action);
      // The network does not depend on who reads the daemon's log.
      const isDaemon = action.name() === 'up' && action.parent === program;
      if (!isDaemon) process.stdout.on('error', endWithoutReader);
      process.stderr.on('error', () => undefined);
    });
  for (const register of [
    registerUp,
    registerDown,
    registerStatus,
    registerLeases,
    registerNetwork,
    registerRecipe,
    registerLab,
  ])
    register(program);
  addHelp(program);
  return program;
}

/** As `head` ends whatever it reads from; a disk that is full is told of. */
function endWithoutReader(error: Error): void {
  if (hasErrorCode(error, 'EPIPE')) process.exit();
  process.stderr.write(`heddle: standard output cannot be written: ${explainError(error)}\n`);
  process.exit(exitCodes.internal);
}
