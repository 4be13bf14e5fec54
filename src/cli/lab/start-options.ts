import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import type { ExitMode } from '../../daemon/setup/options.ts';
import { Failure } from '../../diagnostic/failure.ts';
import {
  chooseFlanneldNodes,
  nodeBounds,
  underlays,
  type FamilyChoice,
  type UnderlayKind,
} from '../../lab/plan/request.ts';
import type { LabRequest } from '../../lab/prepare.ts';
import { hostingOf, storeHostings } from '../../lab/store/hostings.ts';
import { parameterOption, wholeNumber } from '../arguments/options.ts';
import { readParameterSources } from '../arguments/parameter-sources.ts';
import { familyOption, readFamily } from './options.ts';
import { readTopologyOption, topologyOption } from './topology.ts';

/** The options of the commands that start a lab. */
export interface StartOptions {
  readonly nodes: number;
  readonly store: string;
  readonly tls?: true;
  readonly underlay: UnderlayKind;
  readonly topology?: string;
  readonly family?: FamilyChoice;
  readonly param?: readonly string[];
  readonly leaseTtl?: number;
  readonly checkInterval?: number;
  readonly onExit?: ExitMode;
  readonly timeout: number;
  readonly json?: true;
  readonly watch?: true;
  readonly flanneld?: string;
  readonly flanneldNodes?: readonly string[];
}

/** Adds the argument and the options of {@link StartOptions}. */
export function addStartOptions(command: Command): Command {
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
    .addOption(
      familyOption(
        '--family <family>',
        "the address families of the network (default: those of the recipe's document)",
      ).argParser(readFamily),
    )
    .option('--flanneld <path>', 'run this flanneld on some nodes; needs --store etcd or kubernetes')
    .addOption(
      new Option(
        '--flanneld-nodes <nodes>',
        'the nodes that run flanneld at first, separated by commas (default: the last node)',
      ).argParser((text) => text.split(',').filter((name) => name !== '')),
    )
    .addOption(parameterOption())
    .option('--lease-ttl <seconds>', 'how long a lease lasts', wholeNumber(3, 31_536_000))
    .option('--check-interval <seconds>', 'how often nodes look for drift', wholeNumber(1, 86_400))
    .option('--timeout <seconds>', 'how long to wait until the nodes are ready', wholeNumber(1, 3600), 30)
    .option('--json', 'print one JSON object');
}

/**
 * The request for a lab. Throws a Failure for options that contradict each other.
 *
 * @param loaded the topology that replaces that of the options; by default, that of the options is read
 */
export async function toRequest(
  purpose: LabRequest['purpose'],
  name: string,
  recipe: string,
  options: StartOptions,
  loaded?: LabRequest['topology'],
): Promise<LabRequest> {
  if (options.tls && !hostingOf(options.store).canRequireCertificates) {
    const able = storeHostings.filter((each) => each.canRequireCertificates);
    const needed = able.map(({ kind }) => `--store ${kind.name}`).join(' or ');
    throw new Failure('usage', `--tls needs ${needed}`, { hint: `add ${needed}` });
  }
  const topology = loaded ?? (await readTopologyOption(options.topology));
  const { builtInTopology } = await import('../../lab/plan/underlay/built-in.ts');
  const { nodes } = topology?.model ?? builtInTopology(options.underlay, options.nodes);
  const flanneld = toFlanneld(
    options,
    nodes.map((node) => node.name),
  );
  return {
    name,
    purpose,
    promises: [],
    recipe,
    nodes: nodes.length,
    underlay: options.underlay,
    topology,
    family: options.family,
    store: options.store,
    tls: options.tls ?? false,
    parameters: readParameterSources(options.param ?? [], {}),
    daemonOptions: daemonOptions(options),
    keepsFailed: false,
    timeoutSeconds: options.timeout,
    ...(flanneld && { flanneld }),
  };
}

function toFlanneld(
  { flanneld, flanneldNodes, store }: StartOptions,
  nodes: readonly string[],
): LabRequest['flanneld'] {
  if (flanneld === undefined) {
    if (flanneldNodes === undefined) return undefined;
    throw new Failure('usage', '--flanneld-nodes needs --flanneld', { hint: 'add --flanneld PATH' });
  }
  if (hostingOf(store).flanneldOptions === undefined) {
    const able = storeHostings.filter((each) => each.flanneldOptions !== undefined);
    const needed = able.map(({ kind }) => `--store ${kind.name}`).join(' or ');
    throw new Failure('usage', `--flanneld needs ${needed}`, { hint: `add ${needed}` });
  }
  return { path: resolve(flanneld), nodes: chooseFlanneldNodes(flanneldNodes, nodes) };
}

function daemonOptions({ leaseTtl, checkInterval, onExit }: StartOptions): readonly string[] {
  const given = { '--lease-ttl': leaseTtl, '--check-interval': checkInterval, '--on-exit': onExit };
  return Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [name, String(value)]));
}
