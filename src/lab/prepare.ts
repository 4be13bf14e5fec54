import { Failure } from '../diagnostic/failure.ts';
import { loadRecipe } from '../recipe-files/load-recipe.ts';
import { decideNetwork } from '../recipe-files/decide-network.ts';
import { requirePrograms } from '../host/programs.ts';
import { networksOf } from '../network/configuration.ts';
import type { Recipe } from '../recipe/recipe.ts';
import { assignPodCidrs, type PodCidrs } from './plan/pod-cidrs.ts';
import type { UnderlayKind } from './plan/request.ts';
import { planTopology, type Topology } from './plan/topology.ts';
import { programPath } from './process/program-path.ts';
import type { LabSpec } from './protocol.ts';
import { planLabStore } from './store/hosting.ts';
import { hostingOf } from './store/hostings.ts';
import type { ParameterOverride } from '../recipe/parameters.ts';

/** The request of `lab run` and `lab up`, checked as far as the command line allows. */
export interface LabRequest {
  readonly name: string;
  readonly purpose: LabSpec['purpose'];
  /** The ids of the promises that a `verify` tries; otherwise empty. */
  readonly promises: readonly string[];
  /** A path, or the name of a shipped recipe. */
  readonly recipe: string;
  readonly nodes: number;
  readonly underlay: UnderlayKind;
  /** The name of a kind that a lab can host. */
  readonly store: string;
  /** Whether the store's server requires a certificate from every client. */
  readonly tls: boolean;
  readonly parameters: readonly ParameterOverride[];
  /** The options that are passed to each node's `heddle up` unchanged. */
  readonly daemonOptions: readonly string[];
  readonly timeoutSeconds: number;
  /** Whether a failed `run` keeps the lab with its running daemons. */
  readonly keepsFailed: boolean;
}

/** Refuses a machine that cannot have a lab. Throws a {@link Failure}. */
function requireLinux(): void {
  if (process.platform !== 'linux') {
    throw new Failure(
      'prerequisite',
      `a lab needs Linux namespaces, which ${process.platform} does not have`,
      { hint: 'run it on Linux, for example in a virtual machine' },
    );
  }
}

/** Reads and checks the recipe and plans the lab. Makes nothing. Throws a {@link Failure}. */
export async function prepareLab(request: LabRequest): Promise<LabSpec> {
  requireLinux();
  const { file, recipe } = await loadRecipe(request.recipe);
  return prepareLabOf(file, recipe, request);
}

/** Plans the lab of a recipe that was read already, perhaps with other address families than its file has. Throws a {@link Failure}. */
export async function prepareLabOf(file: string, recipe: Recipe, request: LabRequest): Promise<LabSpec> {
  const hosting = hostingOf(request.store);
  const { tls } = request;
  requirePrograms([...recipe.requires, ...hosting.programs(tls)], programPath(process.env['PATH']));
  await hosting.check?.();
  const { topology, networkDocument, podCidrs } = planLab(recipe, request);
  return {
    name: request.name,
    purpose: request.purpose,
    promises: request.promises,
    recipe: {
      name: recipe.name,
      path: file,
      text: recipe.source.text,
      shutsDown: recipe.commands.ShutdownCommand !== undefined,
    },
    topology,
    store: planLabStore(hosting, { host: topology.storeHost, tls }),
    podCidrs,
    tls,
    networkDocument,
    heddle: heddleCommand(),
    parameters: request.parameters,
    daemonOptions: request.daemonOptions,
    keepsFailed: request.keepsFailed,
    timeoutMs: request.timeoutSeconds * 1000,
  };
}

/** Plans an underlay outside the recipe's network, and the store's content. Throws a {@link Failure}. */
export function planLab(
  recipe: Recipe,
  request: LabRequest,
): { readonly topology: Topology; readonly networkDocument: string; readonly podCidrs: PodCidrs } {
  // A lab's store is empty at first, so the recipe and `--param` alone decide, as for the first node.
  const { configuration, document } = decideNetwork(recipe, request.parameters, undefined);
  const networks = networksOf(configuration);
  const { nodes, underlay, store } = request;
  const { serverName: storeHost, assignsSubnets } = hostingOf(store);
  const topology = planTopology({ nodes, underlay, networks, storeHost });
  if ('exhausted' in topology) {
    const message = `the IPv${topology.exhausted} network of ${request.recipe} overlaps every range a lab could use for its underlay`;
    throw new Failure('recipe', message, { hint: 'choose a smaller network' });
  }
  const podCidrs = assignsSubnets ? assignPodCidrs(configuration, topology.nodes) : {};
  if ('available' in podCidrs) {
    const message = `the network of ${request.recipe} has ${String(podCidrs.available)} subnets, which are not enough for ${nodes} nodes`;
    throw new Failure('recipe', message, { hint: 'use fewer nodes (--nodes), or choose a larger network' });
  }
  return { topology, networkDocument: document.text, podCidrs };
}

/** The command that started this program, so that nodes run the same one. */
function heddleCommand(): readonly [string, ...string[]] {
  const [, main] = process.argv;
  if (main === undefined) throw new Failure('internal', 'heddle does not know its own program file');
  return [process.execPath, ...process.execArgv, main];
}
