import { Command } from 'commander';
import { refuseEmptyOptions } from './arguments/empty-options.ts';
import { mayBeEmptyInFlanneld } from './flanneld/options.ts';
import { addHelp } from './help.ts';
import { explainSignals } from '../host/interruption.ts';
import { outliveReaders } from './terminal/streams.ts';
import { readVersion } from '../host/version.ts';

/** The subcommands by name, in the order of the help. Each function loads the file that declares one. */
const subcommands: Readonly<Record<string, () => Promise<(program: Command) => void>>> = {
  up: async () => (await import('./up/up.ts')).registerUp,
  down: async () => (await import('./down.ts')).registerDown,
  status: async () => (await import('./status/status.ts')).registerStatus,
  leases: async () => (await import('./leases/leases.ts')).registerLeases,
  network: async () => (await import('./network/network.ts')).registerNetwork,
  iface: async () => (await import('./iface.ts')).registerIface,
  doctor: async () => (await import('./doctor/doctor.ts')).registerDoctor,
  recipe: async () => (await import('./recipe/recipe.ts')).registerRecipe,
  'docker-opts': async () => (await import('./docker-opts/docker-opts.ts')).registerDockerOpts,
  lab: async () => (await import('./lab/lab.ts')).registerLab,
  docs: async () => (await import('./docs.ts')).registerDocs,
};

/** The usual reason for a long wait of a subcommand, as a noun. */
const usualWaits: Readonly<Record<string, string>> = {
  up: 'the files, programs and servers that it examines',
  down: 'the daemon',
  status: 'the daemon',
  leases: 'the store',
  network: 'the store',
  iface: 'the programs that it asks',
  doctor: 'the programs, files and servers that it examines',
  recipe: 'its input',
  'docker-opts': 'its files',
  lab: 'the lab',
  docs: 'whoever reads its output',
};

/**
 * The command line. Each subcommand loads what it needs only when it is called.
 *
 * @param words the words of a call; if the first is a subcommand, only this subcommand is declared, because to declare all of
 *   them takes some milliseconds of a daemon's start
 */
export async function createProgram([word = '']: readonly string[] = []): Promise<Command> {
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
      explainSignals(wordsOf(action).join(' '), usualWaits[wordsOf(action)[1] ?? '']);
    });
  const all = Object.entries(subcommands);
  const called = all.filter(([name]) => name === word);
  for (const [, load] of called.length > 0 ? called : all) (await load())(program);
  addHelp(program);
  // So that `lab exec` can hand on every option that follows the node. A subcommand that is declared later would inherit it.
  return program.enablePositionalOptions();
}

/** The words that call a command: `heddle network get`. */
function wordsOf(command: Command): readonly string[] {
  return command.parent === null ? [command.name()] : [...wordsOf(command.parent), command.name()];
}
