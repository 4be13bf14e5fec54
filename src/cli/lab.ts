import { InvalidArgumentError, Option, type Command } from 'commander';
import { exitModes, type ExitMode } from '../daemon/setup/options.ts';
import { Failure } from '../diagnostic/failure.ts';
import {
  defaultLabName,
  nodeBounds,
  underlays,
  type UnderlayKind,
  familyChoices,
  type FamilyChoice,
} from '../lab/plan/request.ts';
import type { LabRequest } from '../lab/prepare.ts';
import type { FaultVerb } from '../lab/protocol.ts';
import { hostingOf, storeHostings } from '../lab/store/hostings.ts';
import { parameterOption, wholeNumber } from './arguments/options.ts';
import { readParameterSources } from './arguments/parameter-sources.ts';

interface StartOptions {
  readonly nodes: number;
  readonly store: string;
  readonly tls?: true;
  readonly underlay: UnderlayKind;
  readonly param?: readonly string[];
  readonly leaseTtl?: number;
  readonly checkInterval?: number;
  readonly onExit?: ExitMode;
  readonly timeout: number;
  readonly json?: true;
  readonly watch?: true;
  readonly keepFailed?: true;
}

interface NamedOptions {
  readonly name: string;
  readonly json?: true;
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
      const { runLab } = await import('../lab/run.ts');
      const request = toRequest('run', `run-${process.pid}`, recipe, options);
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
        const { watchLab } = await import('../lab/watch.ts');
        await watchLab(toRequest('watch', name, recipe, options), json);
        return;
      }
      const { upLab } = await import('../lab/up.ts');
      await upLab(toRequest('up', name, recipe, options), json);
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
      const { execInLab } = await import('../lab/exec.ts');
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
      const { showLog } = await import('../lab/logs.ts');
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
      const { showLab } = await import('../lab/ps.ts');
      await showLab(options.name, options.json ?? false);
    });

  lab
    .command('down')
    .summary('remove a lab completely')
    .description('Removes a lab, with every process, interface and mount in it, and prints its name.')
    .addOption(nameOption())
    .action(async (options: NamedOptions) => {
      const { downLab } = await import('../lab/down.ts');
      process.stdout.write(`The lab ${await downLab(options.name)} was removed.\n`);
    });

  registerFaults(lab);
  registerTrace(lab);
  registerCapture(lab);
}

interface CaptureCommandOptions extends NamedOptions {
  readonly interface: string;
  readonly write?: string;
  readonly count?: number;
  readonly seconds?: number;
}

function registerCapture(lab: Command): void {
  lab
    .command('capture')
    .summary('capture the packets of a node, its pod, or the underlay')
    .description(
      'Captures the packets of a node, its pod (node1-pod), the host of the store, or the underlay with tcpdump. With -w, it writes a pcap file, or with -w - a live capture for Wireshark; otherwise a line of text for each packet. It ends with a limit, with a signal, and with the lab.',
    )
    .addOption(nameOption())
    .argument('<node>', 'node1 … nodeN, node1-pod … nodeN-pod, etcd, apiserver, or underlay')
    .argument('[filter...]', 'capture only packets that match this filter, such as udp port 8472')
    .option('--interface <device>', 'capture on this device only', 'any')
    .option('-w, --write <file>', 'write a pcap file; - writes to stdout')
    .option('--count <n>', 'end after this many packets', wholeNumber(1, 1_000_000_000))
    .option('--seconds <n>', 'end after this time', wholeNumber(1, 31_536_000))
    .action(async (place: string, filter: readonly string[], options: CaptureCommandOptions) => {
      const { captureInLab } = await import('../lab/capture.ts');
      const { interface: device, write: file, count, seconds } = options;
      await captureInLab(options.name, { place, device, file, count, seconds, filter });
    });
}

interface TraceCommandOptions extends NamedOptions {
  readonly size: number;
  readonly family?: '4' | '6';
}

/** The sizes of an echo as an IP packet, in bytes: at least the headers and a mark in the payload. */
const echoBounds = { minimum: 112, maximum: 65_535 } as const;

function registerTrace(lab: Command): void {
  const { minimum, maximum } = echoBounds;
  lab
    .command('trace')
    .summary('follow one packet from one pod or node to another, and find out where it is lost')
    .description(
      'Sends one echo from a pod or node to another, and shows its way: at each place the route, the neighbour, the forwarding or peer entry and the encapsulation that decide, and the frames that tcpdump sees there. If no answer comes, the command names the last place, the likely cause and a command that shows it, and exits with 13.',
    )
    .addOption(nameOption())
    .argument('<from>', 'node1 … nodeN, or node1-pod … nodeN-pod')
    .argument('<to>', 'node1 … nodeN, or node1-pod … nodeN-pod')
    .option(
      '--size <bytes>',
      'the size of the echo as an IP packet, which must not be fragmented',
      wholeNumber(minimum, maximum),
      minimum,
    )
    .addOption(new Option('--family <family>', 'use addresses of this family').choices(['4', '6']))
    .option('--json', 'print one JSON object')
    .action(async (from: string, to: string, options: TraceCommandOptions) => {
      const [{ traceLab }, { exitCodes }] = await Promise.all([
        import('../lab/trace.ts'),
        import('../diagnostic/failure.ts'),
      ]);
      const family = options.family === undefined ? undefined : options.family === '4' ? 4 : 6;
      const echo = { from, to, size: options.size, family } as const;
      const isAnswered = await traceLab(options.name, echo, options.json ?? false);
      if (!isAnswered) process.exitCode = exitCodes['lab-failed'];
    });
}

interface VerifyOptions {
  readonly only: readonly string[];
  readonly underlay: readonly UnderlayKind[];
  readonly families: readonly FamilyChoice[];
  readonly param?: readonly string[];
  readonly timeout: number;
  readonly json?: true;
}

function registerVerify(lab: Command): void {
  lab
    .command('verify')
    .summary('try every promise that a recipe makes to its operator, and show a table')
    .description(
      'Tries every promise that a recipe makes to its operator, in a lab for each underlay and each family that the recipe has. Shows a table: kept or not, with the reason and the line of the recipe. Exits with 0 if every promise is kept.',
    )
    .argument('<recipe>', 'a recipe file, or the name of a shipped recipe')
    .addOption(
      new Option('--only <row>', 'try this promise only; repeat it for more')
        .argParser(collect)
        .default([], 'all'),
    )
    .addOption(
      repeated(
        new Option('--underlay <kind>', 'how the nodes are connected; repeat it for more'),
        underlays,
      ).default([], 'both'),
    )
    .addOption(
      repeated(
        new Option('--families <families>', 'the address families of the network; repeat it for more'),
        familyChoices,
      ).default([], 'those of the recipe'),
    )
    .addOption(parameterOption())
    .option('--timeout <seconds>', 'how long to wait until the nodes are ready', wholeNumber(1, 3600), 30)
    .option('--json', 'print one JSON object')
    .action(async (recipe: string, options: VerifyOptions) => {
      const { verifyRecipe } = await import('../lab/verify/run.ts');
      const { only, underlay, families, param = [], timeout, json = false } = options;
      const request = {
        recipe,
        only,
        underlays: underlay,
        families,
        parameters: readParameterSources(param, {}),
        timeoutSeconds: timeout,
      };
      process.exitCode = await verifyRecipe(request, json);
    });
}

/** Collects the values of an option that may be repeated. */
function collect(value: string, others: readonly string[]): readonly string[] {
  return [...others, value];
}

/** Lets an option be repeated, each time with one of the choices, which the help lists. */
function repeated(option: Option, choices: readonly string[]): Option {
  return option.choices(choices).argParser((value: string, others: readonly string[]) => {
    if (choices.includes(value)) return collect(value, others);
    throw new InvalidArgumentError(`Allowed choices are ${choices.join(', ')}.`);
  });
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

const faults: Readonly<Record<FaultVerb, { readonly summary: string; readonly description: string }>> = {
  stop: {
    summary: "stop a node's daemon, or the store's server, with SIGTERM and wait for its end",
    description: "Stops a node's daemon, or the store's server, with SIGTERM, and waits until it has ended.",
  },
  kill: {
    summary: "kill a node's daemon, or the store's server, with SIGKILL",
    description: "Kills a node's daemon, or the store's server, with SIGKILL. Its kernel entries stay.",
  },
  start: {
    summary: "start a node's daemon, or the store's server, again and wait until it is ready",
    description:
      "Starts a node's daemon, or the store's server, again after it has ended, and waits until it is ready.",
  },
  cut: {
    summary: 'disconnect a node, or the store, from the underlay',
    description:
      'Disconnects a node, or the store, from the underlay: takes its link down, as if its cable were pulled.',
  },
  join: {
    summary: 'connect a node, or the store, to the underlay again',
    description: 'Connects a node, or the store, to the underlay again: brings its link up.',
  },
};

function registerFaults(lab: Command): void {
  for (const [verb, { summary, description }] of Object.entries(faults)) {
    lab
      .command(verb)
      .summary(summary)
      .description(description)
      .addOption(nameOption())
      .argument('<node>', 'node1 … nodeN, etcd, or apiserver')
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
    .addOption(
      new Option('--store <kind>', 'where the lab keeps leases')
        .choices(storeHostings.map(({ kind }) => kind.name))
        .default(storeHostings[0].kind.name),
    )
    .option('--tls', 'etcd: require certificates; the lab creates them')
    .addOption(
      new Option('--underlay <kind>', 'how the nodes are connected').choices(underlays).default('switched'),
    )
    .addOption(parameterOption())
    .option('--lease-ttl <seconds>', 'how long a lease lasts', wholeNumber(3, 31_536_000))
    .option('--check-interval <seconds>', 'how often nodes look for drift', wholeNumber(1, 86_400))
    .option('--timeout <seconds>', 'how long to wait until the nodes are ready', wholeNumber(1, 3600), 30)
    .option('--json', 'print one JSON object');
}

function nameOption(): Option {
  return new Option('--name <name>', "the lab's name").default(defaultLabName).argParser((text) => {
    if (!/^[A-Za-z0-9][\w.-]{0,63}$/.test(text)) {
      throw new InvalidArgumentError('A name has at most 64 letters, digits, dots, dashes and underscores.');
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
  if (options.tls && !hostingOf(options.store).canRequireCertificates) {
    const able = storeHostings.filter((each) => each.canRequireCertificates);
    const needed = able.map(({ kind }) => `--store ${kind.name}`).join(' or ');
    throw new Failure('usage', `--tls needs ${needed}`, { hint: `add ${needed}` });
  }
  return {
    name,
    purpose,
    promises: [],
    recipe,
    nodes: options.nodes,
    underlay: options.underlay,
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
