import { InvalidArgumentError, Option, type Command } from 'commander';
import { exitModes, type ExitMode } from '../daemon/setup/options.ts';
import { Failure } from '../diagnostic/failure.ts';
import {
  defaultLabName,
  labStoreKinds,
  nodeBounds,
  underlays,
  type LabStoreKind,
  type UnderlayKind,
} from '../lab/plan/request.ts';
import type { LabRequest } from '../lab/prepare.ts';
import type { FaultVerb } from '../lab/protocol.ts';
import { parameterOption, wholeNumber } from './arguments/options.ts';

interface StartOptions {
  readonly nodes: number;
  readonly store: LabStoreKind;
  readonly tls?: true;
  readonly underlay: UnderlayKind;
  readonly param?: readonly string[];
  readonly leaseTtl?: number;
  readonly checkInterval?: number;
  readonly onExit?: ExitMode;
  readonly timeout: number;
  readonly json?: true;
  readonly watch?: true;
}

interface NamedOptions {
  readonly name: string;
  readonly json?: true;
}

/** Adds `heddle lab` and its verbs. What they do is loaded only when one of them is used. */
export function registerLab(program: Command): void {
  // All the way down to `exec`, so that it can hand on every option that follows the node.
  const lab = program
    .enablePositionalOptions()
    .command('lab')
    .summary('try a recipe on real nodes, in namespaces that vanish with the lab')
    .description(
      'Tries a recipe on real nodes, each in network namespaces of its own on this machine, that vanish with the lab.',
    )
    .enablePositionalOptions();

  addStartOptions(lab.command('run'))
    .summary('make a lab, let every pod reach every other, take it down, report')
    .description(
      'Makes a lab, lets every pod reach every other, takes the lab down and reports. Exits with 0 if every pair answered and nothing was left behind.',
    )
    .action(async (recipe: string, options: StartOptions) => {
      const { runLab } = await import('../lab/run.ts');
      const request = toRequest('run', `run-${process.pid}`, recipe, options);
      process.exitCode = await runLab(request, options.json ?? false);
    });

  addStartOptions(lab.command('up'))
    .summary('make a lab and keep it')
    .description(
      'Makes a lab and keeps it until heddle lab down. If a node does not come up, nothing is left.',
    )
    .addOption(nameOption())
    .addOption(
      new Option('--on-exit <what>', "what becomes of a node's network when it is stopped").choices(
        exitModes,
      ),
    )
    .option('--watch', 'stay, and have every node run the recipe whenever it is saved')
    .action(async (recipe: string, options: StartOptions & NamedOptions) => {
      const { name, json = false, watch } = options;
      if (watch) {
        const { watchLab } = await import('../lab/watch.ts');
        await watchLab(toRequest('watch', name, recipe, options), json);
        return;
      }
      const { upLab } = await import('../lab/up.ts');
      await upLab(toRequest('up', name, recipe, options), json);
    });

  lab
    .command('exec')
    .summary('run a command inside a node, inside its pod (node1-pod), or beside etcd')
    .description(
      'Runs a command inside a node, inside its pod (node1-pod), or beside etcd, and exits as it does.',
    )
    .addOption(nameOption())
    .argument('<node>', 'node1 … nodeN, node1-pod … nodeN-pod, or etcd')
    .argument('<command...>', 'the command and its arguments')
    .passThroughOptions()
    .action(async (node: string, command: readonly string[], options: NamedOptions) => {
      const { execInLab } = await import('../lab/exec.ts');
      process.exitCode = await execInLab(options.name, node, withoutSeparator(command));
    });

  lab
    .command('ps')
    .summary('show the nodes of a lab, and its etcd')
    .description(
      'Shows the nodes of a lab, and its etcd: whether their daemons run, their links, addresses and subnets.',
    )
    .addOption(nameOption())
    .option('--json', 'print one JSON object')
    .action(async (options: NamedOptions) => {
      const { showLab } = await import('../lab/ps.ts');
      await showLab(options.name, options.json ?? false);
    });

  lab
    .command('down')
    .summary('end a lab; nothing of it is left')
    .description('Ends a lab, with every process, interface and mount in it, and says which.')
    .addOption(nameOption())
    .action(async (options: NamedOptions) => {
      const { downLab } = await import('../lab/down.ts');
      process.stdout.write(`The lab ${await downLab(options.name)} is gone.\n`);
    });

  registerFaults(lab);
}

/** Commander hands on everything after the node as it stands, a `--` before the command as well. */
function withoutSeparator(words: readonly string[]): readonly string[] {
  const command = words[0] === '--' ? words.slice(1) : words;
  if (command.length === 0) throw new Failure('usage', 'there is no command after the --');
  return command;
}

const faults: Readonly<Record<FaultVerb, { readonly summary: string; readonly description: string }>> = {
  stop: {
    summary: "end a node's daemon, or etcd, with SIGTERM and wait for it",
    description: "Ends a node's daemon, or etcd, with SIGTERM, and waits until it has ended.",
  },
  kill: {
    summary: "end a node's daemon, or etcd, with SIGKILL",
    description: "Ends a node's daemon, or etcd, with SIGKILL. What it made in the kernel stays.",
  },
  start: {
    summary: "start a node's daemon, or etcd, again and wait until it is ready",
    description: "Starts a node's daemon, or etcd, again after it has ended, and waits until it is ready.",
  },
  cut: {
    summary: 'take the link of a node to the underlay down',
    description: 'Takes the link of a node, or of etcd, to the underlay down, as if its cable were pulled.',
  },
  join: {
    summary: 'bring the link of a node to the underlay up again',
    description: 'Brings the link of a node, or of etcd, to the underlay up again.',
  },
};

function registerFaults(lab: Command): void {
  for (const [verb, { summary, description }] of Object.entries(faults)) {
    lab
      .command(verb)
      .summary(summary)
      .description(description)
      .addOption(nameOption())
      .argument('<node>', 'node1 … nodeN, or etcd')
      .action(async (node: string, options: NamedOptions) => {
        const [{ findLab }, { askFor }] = await Promise.all([
          import('../lab/process/find.ts'),
          import('../lab/process/control-client.ts'),
        ]);
        const done = await askFor(findLab(options.name), { request: verb as FaultVerb, node });
        process.stdout.write(`${done}\n`);
      });
  }
}

function addStartOptions(command: Command): Command {
  const { minimum, maximum } = nodeBounds;
  return command
    .argument('<recipe>', 'a recipe file, or the name of a shipped recipe')
    .option('--nodes <n>', 'how many nodes', wholeNumber(minimum, maximum), 3)
    .addOption(new Option('--store <kind>', 'where leases are').choices(labStoreKinds).default('files'))
    .option('--tls', 'etcd: take nobody without a certificate; all of them are made for this lab')
    .addOption(new Option('--underlay <kind>', 'what joins the nodes').choices(underlays).default('switched'))
    .addOption(parameterOption())
    .option('--lease-ttl <seconds>', 'how long a lease lasts', wholeNumber(3, 31_536_000))
    .option('--check-interval <seconds>', 'how often nodes look for drift', wholeNumber(1, 86_400))
    .option('--timeout <seconds>', 'how long nodes may take to be ready', wholeNumber(1, 3600), 30)
    .option('--json', 'print one JSON object');
}

function nameOption(): Option {
  return new Option('--name <name>', "the lab's name").default(defaultLabName).argParser((text) => {
    if (!/^[A-Za-z0-9][\w.-]{0,63}$/.test(text)) {
      throw new InvalidArgumentError('A name is letters, digits, dots, dashes and underscores, at most 64.');
    }
    return text;
  });
}

function toRequest(
  purpose: LabRequest['purpose'],
  name: string,
  recipe: string,
  options: StartOptions,
): LabRequest {
  if (options.tls && options.store !== 'etcd') {
    throw new Failure('usage', '--tls is for an etcd, and this lab has none', { hint: 'add --store etcd' });
  }
  return {
    name,
    purpose,
    recipe,
    nodes: options.nodes,
    underlay: options.underlay,
    store: options.store,
    tls: options.tls ?? false,
    parameters: options.param ?? [],
    daemonOptions: daemonOptions(options),
    timeoutSeconds: options.timeout,
  };
}

function daemonOptions({ leaseTtl, checkInterval, onExit }: StartOptions): readonly string[] {
  const given = { '--lease-ttl': leaseTtl, '--check-interval': checkInterval, '--on-exit': onExit };
  return Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [name, String(value)]));
}
