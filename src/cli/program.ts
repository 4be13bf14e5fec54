import { Command } from 'commander';
import { refuseEmptyOptions } from './arguments/empty-options.ts';
import { registerDockerOpts } from './docker-opts/docker-opts.ts';
import { registerDoctor } from './doctor/doctor.ts';
import { registerDown } from './down.ts';
import { mayBeEmptyInFlanneld } from './flanneld/options.ts';
import { addHelp } from './help.ts';
import { registerIface } from './iface.ts';
import { registerLab } from './lab.ts';
import { registerLeases } from './leases/leases.ts';
import { registerNetwork } from './network/network.ts';
import { registerRecipe } from './recipe/recipe.ts';
import { registerStatus } from './status/status.ts';
import { outliveReaders } from './terminal/streams.ts';
import { registerUp } from './up/up.ts';
import { readVersion } from '../host/version.ts';

/** The whole command line. Each subcommand loads what it needs only when it is called. */
export function createProgram(): Command {
  const program = new Command('heddle')
    .description(
      'Builds flannel networks: runs the shell commands of a JSON recipe as subnet leases appear, change and go.',
    )
    .version(readVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show this help')
    .exitOverride()
    .configureOutput({
      outputError: (text, write) => write(text.replace(/^error: /, 'heddle: ')),
    })
    .configureHelp({ showGlobalOptions: false, minWidthToWrap: 24 })
    .showSuggestionAfterError()
    .hook('preAction', (program, action) => {
      const name = action.parent === program ? action.name() : '';
      refuseEmptyOptions(action, name === 'up' || name === 'doctor' ? mayBeEmptyInFlanneld : []);
      if (name === 'up') outliveReaders();
    });
  for (const register of [
    registerUp,
    registerDown,
    registerStatus,
    registerLeases,
    registerNetwork,
    registerIface,
    registerDoctor,
    registerRecipe,
    registerDockerOpts,
    registerLab,
  ])
    register(program);
  addHelp(program);
  return program;
}
