import { Option, type Command } from 'commander';
import { exitModes, type ExitMode } from '../../daemon/setup/options.ts';
import { Failure } from '../../diagnostic/failure.ts';
import { nodeBounds, underlays, type UnderlayKind } from '../../lab/plan/request.ts';
import type { LabRequest } from '../../lab/prepare.ts';
import { hostingOf, storeHostings } from '../../lab/store/hostings.ts';
import { parameterOption, wholeNumber } from '../arguments/options.ts';
import { readParameterSources } from '../arguments/parameter-sources.ts';
import { registerCapture } from './capture.ts';
import { registerFaults } from './faults.ts';
import { registerImpair } from './impair.ts';
import { nameOption, type NamedOptions } from './options.ts';
import { readTopologyOption, topologyOption } from './topology.ts';
import { registerTrace } from './trace.ts';
import { registerVerify } from './verify.ts';

interface StartOptions {
  readonly nodes: number;
  readonly store: string;
  readonly tls?: true;
  readonly underlay: UnderlayKind;
  readonly topology?: string;
  readonly param?: readonly string[];
  readonly leaseTtl?: number;
  readonly checkInterval?: number;
  readonly onExit?: ExitMode;
  readonly timeout: number;
  readonly json?: true;
  readonly watch?: true;
  readonly keepFailed?: true;
}

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

  addStartOptions(lab.command('run'))
    .option('--keep-failed', 'if a test fails, keep the lab with its running daemons, to look inside')
    .summary('create a lab, test the connections between all pods, take the lab down, report')
    .description(
      'Creates a lab, tests the connections between all pods, takes the lab down and reports. Exits with 0 if every pair answered and nothing was left behind.',
    )
    .action(async (recipe: string, options: StartOptions) => {
      const { runLab } = await import('../../lab/run.ts');
      const request = await toRequest('run', `run-${process.pid}`, recipe, options);
      const keepsFailed = options.keepFailed ?? false;
      process.exitCode = await runLab({ ...request, keepsFailed }, options.json ?? false);
    });

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
    .option('--watch', 'stay in the foreground, and apply the recipe on every node after each save')
    .action(async (recipe: string, options: StartOptions & NamedOptions) => {
      const { name, json = false, watch } = options;
      if (watch) {
        const { watchLab } = await import('../../lab/watch.ts');
        await watchLab(await toRequest('watch', name, recipe, options), json);
        return;
      }
      const { upLab } = await import('../../lab/up.ts');
      await upLab(await toRequest('up', name, recipe, options), json);
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

function addStartOptions(command: Command): Command {
  const { minimum, maximum } = nodeBounds;
  return command
    .argument('<recipe>', 'a recipe file, or the name of a shipped recipe')
    .option('--nodes <n>', 'how many nodes', wholeNumber(minimum, maximum), 3)
    .addOption(
      new Option('--store <kind>', 'where the lab keeps leases')
        .choices(storeHostings.map(({ kind }) => kind.name))
        .default(storeHostings[0].kind.name),
    )
    .option('--tls', 'etcd: require certificates; the lab creates them')
    .addOption(
      new Option('--underlay <kind>', 'how the nodes are connected').choices(underlays).default('switched'),
    )
    .addOption(topologyOption().conflicts(['nodes', 'underlay']))
    .addOption(parameterOption())
    .option('--lease-ttl <seconds>', 'how long a lease lasts', wholeNumber(3, 31_536_000))
    .option('--check-interval <seconds>', 'how often nodes look for drift', wholeNumber(1, 86_400))
    .option('--timeout <seconds>', 'how long to wait until the nodes are ready', wholeNumber(1, 3600), 30)
    .option('--json', 'print one JSON object');
}

async function toRequest(
  purpose: LabRequest['purpose'],
  name: string,
  recipe: string,
  options: StartOptions,
): Promise<LabRequest> {
  if (options.tls && !hostingOf(options.store).canRequireCertificates) {
    const able = storeHostings.filter((each) => each.canRequireCertificates);
    const needed = able.map(({ kind }) => `--store ${kind.name}`).join(' or ');
    throw new Failure('usage', `--tls needs ${needed}`, { hint: `add ${needed}` });
  }
  const topology = await readTopologyOption(options.topology);
  return {
    name,
    purpose,
    promises: [],
    recipe,
    nodes: topology?.model.nodes.length ?? options.nodes,
    underlay: options.underlay,
    topology,
    store: options.store,
    tls: options.tls ?? false,
    parameters: readParameterSources(options.param ?? [], {}),
    daemonOptions: daemonOptions(options),
    keepsFailed: false,
    timeoutSeconds: options.timeout,
  };
}

function daemonOptions({ leaseTtl, checkInterval, onExit }: StartOptions): readonly string[] {
  const given = { '--lease-ttl': leaseTtl, '--check-interval': checkInterval, '--on-exit': onExit };
  return Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [name, String(value)]));
}
