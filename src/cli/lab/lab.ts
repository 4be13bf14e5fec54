import { Option, type Command } from 'commander';
import { exitModes } from '../../daemon/setup/options.ts';
import { Failure } from '../../diagnostic/failure.ts';
import { registerCapture } from './capture.ts';
import { registerFaults } from './faults.ts';
import { registerImpair } from './impair.ts';
import { nameOption, type NamedOptions } from './options.ts';
import { registerRun } from './run.ts';
import { addStartOptions, toRequest, type StartOptions } from './start-options.ts';
import { registerTrace } from './trace.ts';
import { registerVerify } from './verify.ts';

/** Adds `heddle lab` and its verbs. What they do is loaded only when one of them is used. */
export function registerLab(program: Command): void {
  const lab = program
    .command('lab')
    .summary('test a recipe on real nodes in temporary namespaces')
    .description(
      'Tests a recipe on real nodes on this machine. Each node has its own network namespaces, which the end of the lab removes.',
    )
    // As in the whole program, so that `exec` can hand on every option that follows the node.
    .enablePositionalOptions();

  registerRun(lab);

  addStartOptions(lab.command('up'))
    .summary('create a lab and keep it')
    .description(
      'Creates a lab and keeps it until heddle lab down. If a node does not come up, the lab is removed.',
    )
    .addOption(nameOption())
    .addOption(
      new Option('--on-exit <what>', "what happens to a node's network when the node stops").choices(
        exitModes,
      ),
    )
    .addOption(
      new Option(
        '--page',
        'stay in the foreground, and serve a live page to look at on 127.0.0.1; Ctrl-C ends the page, and the lab goes on',
      ).conflicts('watch'),
    )
    .option('--watch', 'stay in the foreground, and apply the recipe on every node after each save')
    .action(async (recipe: string, options: StartOptions & NamedOptions & { readonly page?: true }) => {
      const { name, json = false, watch } = options;
      if (watch) {
        const { watchLab } = await import('../../lab/watch.ts');
        await watchLab(await toRequest('watch', name, recipe, options), json);
        return;
      }
      const { upLab } = await import('../../lab/up.ts');
      const spec = await upLab(await toRequest('up', name, recipe, options), json);
      if (options.page !== true) return;
      const { serveLab } = await import('../../page/lab/serve-lab.ts');
      const stream = json ? process.stderr : process.stdout;
      await serveLab(spec, (address) => stream.write(`The page of the lab: ${address}\n`));
    });

  registerVerify(lab);

  lab
    .command('exec')
    .summary('run a command inside a node, its pod (node1-pod), the host of the store, or the underlay')
    .description(
      'Runs a command inside a node, its pod (node1-pod), the host of the store (etcd, apiserver), or the underlay, and exits with its exit code. Without a command, it runs a shell.',
    )
    .addOption(nameOption())
    .argument('<node>', 'node1 … nodeN, node1-pod … nodeN-pod, etcd, apiserver, or underlay')
    .argument('[command...]', 'the command and its arguments (default: the shell in the variable SHELL)')
    .passThroughOptions()
    .action(async (node: string, command: readonly string[], options: NamedOptions) => {
      const { execInLab } = await import('../../lab/exec.ts');
      const words = command.length === 0 ? [process.env['SHELL'] ?? '/bin/sh'] : withoutSeparator(command);
      process.exitCode = await execInLab(options.name, node, words);
    });

  lab
    .command('logs')
    .summary("show the log of a node's daemon, or of the store's server")
    .description(
      "Shows the log of a node's daemon, or of the store's server (etcd, apiserver), from its first start in the lab on.",
    )
    .addOption(nameOption())
    .argument('<node>', 'node1 … nodeN, etcd, or apiserver')
    .option('--raw', 'print the lines as they were written: of a daemon, one JSON object for each event')
    .action(async (node: string, options: NamedOptions & { readonly raw?: true }) => {
      const { showLog } = await import('../../lab/logs.ts');
      await showLog(options.name, node, options.raw ?? false);
    });

  lab
    .command('ps')
    .summary('show the nodes of a lab, and the server of its store')
    .description(
      'Shows the nodes of a lab and the server of its store: their daemons, links, addresses and subnets.',
    )
    .addOption(nameOption())
    .option('--json', 'print one JSON object')
    .action(async (options: NamedOptions) => {
      const { showLab } = await import('../../lab/ps.ts');
      await showLab(options.name, options.json ?? false);
    });

  lab
    .command('down')
    .summary('remove a lab completely')
    .description('Removes a lab, with every process, interface and mount in it, and prints its name.')
    .addOption(nameOption())
    .action(async (options: NamedOptions) => {
      const { downLab } = await import('../../lab/down.ts');
      process.stdout.write(`The lab ${await downLab(options.name)} was removed.\n`);
    });

  registerFaults(lab);
  registerImpair(lab);
  registerTrace(lab);
  registerCapture(lab);
}

/** Commander hands on everything after the node as it stands, a `--` before the command as well. */
function withoutSeparator(words: readonly string[]): readonly string[] {
  const command = words[0] === '--' ? words.slice(1) : words;
  if (command.length === 0)
    throw new Failure('usage', 'a command is missing after the --', {
      hint: 'write a command, such as -- ip route, or leave out the -- for a shell',
    });
  return command;
}
