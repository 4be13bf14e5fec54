import { access, constants } from 'node:fs/promises';
import { heddleCommand } from '../host/files/package-files.ts';
import { Failure } from '../diagnostic/failure.ts';
import { loadRecipe } from '../recipe-files/load-recipe.ts';
import { decideNetwork } from '../recipe-files/decide-network.ts';
import { requirePrograms } from '../host/programs.ts';
import { explainError } from '../host/system-error.ts';
import { networksOf } from '../network/configuration.ts';
import type { Recipe } from '../recipe/recipe.ts';
import type { ParameterOverride } from '../recipe/parameters.ts';
import { makeSecrets } from './made-secrets.ts';
import { requireFlannelBackend, type FlanneldPlan } from './plan/flanneld.ts';
import { assignPodCidrs, type PodCidrs } from './plan/pod-cidrs.ts';
import { recipeWithFamilies } from './plan/recipe-families.ts';
import type { FamilyChoice, UnderlayKind } from './plan/request.ts';
import { linksOf, type Topology } from './plan/topology.ts';
import { builtInTopology } from './plan/underlay/built-in.ts';
import { leastIpv6Mtu } from './plan/underlay/impairment.ts';
import { kernelNeeds } from './plan/underlay/impair-commands.ts';
import { planTopology, type PlanProblem } from './plan/underlay/plan-topology.ts';
import { programPath } from './process/program-path.ts';
import type { LabSpec } from './protocol.ts';
import { planLabStore } from './store/hosting.ts';
import { hostingOf } from './store/hostings.ts';
import type { LoadedTopology } from './underlay/load-topology.ts';
import { requireKernel } from './underlay/require-kernel.ts';

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
  /** The file that decides about the underlay and the nodes in place of `underlay` and `nodes`. */
  readonly topology: LoadedTopology | undefined;
  /** The families of the overlay, in place of those of the recipe's document. */
  readonly family: FamilyChoice | undefined;
  /** The name of a kind that a lab can host. */
  readonly store: string;
  /** Whether the store's server requires a certificate from every client. */
  readonly tls: boolean;
  readonly parameters: readonly ParameterOverride[];
  /** The options that are passed to each node's `heddle up` unchanged. */
  readonly daemonOptions: readonly string[];
  readonly timeoutSeconds: number;
  /** The flanneld for some nodes; absent without one. */
  readonly flanneld?: Pick<FlanneldPlan, 'path' | 'nodes'>;
  /** Whether a failed `run` keeps the lab with its running daemons. */
  readonly keepsFailed: boolean;
}

/** Refuses a machine that cannot have a lab. Throws a {@link Failure}. */
export function requireLinux(): void {
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
  return prepareLabOf(file, ofFamily(recipe, request), request);
}

/** The recipe with the families that a request wants. Throws a {@link Failure} if it cannot have them. */
export function ofFamily(recipe: Recipe, { family }: Pick<LabRequest, 'family'>): Recipe {
  return family === undefined ? recipe : recipeWithFamilies(recipe, family);
}

/** Plans the lab of a recipe that was read already, perhaps with other address families than its file has. Throws a {@link Failure}. */
export async function prepareLabOf(file: string, recipe: Recipe, asked: LabRequest): Promise<LabSpec> {
  const request = { ...asked, parameters: [...asked.parameters, ...makeSecrets(recipe, asked.parameters)] };
  const hosting = hostingOf(request.store);
  const { tls } = request;
  const settings = request.topology?.settings ?? {};
  const recipes = [recipe, ...Object.values(settings).flatMap((each) => each.recipe?.recipe ?? [])];
  refuseOwnRecipes(request);
  requirePrograms(
    [...recipes.flatMap(({ requires }) => requires), ...hosting.programs(tls)],
    programPath(process.env['PATH']),
  );
  await hosting.check?.();
  if (request.flanneld !== undefined) await requireFlanneld(request.flanneld.path, recipe);
  const { topology, networkDocument, podCidrs } = planLab(recipe, request);
  const needsNft = topology.routers.some(({ nat }) => nat !== undefined);
  if (needsNft) requirePrograms(['nft'], programPath(process.env['PATH']));
  await requireKernel(kernelNeeds(linksOf(topology)));
  const place = { host: topology.storeHost, tls };
  return {
    name: request.name,
    purpose: request.purpose,
    promises: request.promises,
    recipe: recipeOfLab(file, recipe, request.family !== undefined),
    topology,
    nodeSettings: Object.fromEntries(
      Object.entries(settings).map(([name, own]) => [
        name,
        {
          recipe: own.recipe && recipeOfLab(own.recipe.file, own.recipe.recipe),
          parameters: own.parameters,
        },
      ]),
    ),
    store: planLabStore(hosting, place),
    podCidrs,
    tls,
    networkDocument,
    heddle: ownCommand(),
    parameters: request.parameters,
    daemonOptions: request.daemonOptions,
    keepsFailed: request.keepsFailed,
    timeoutMs: request.timeoutSeconds * 1000,
    ...(request.flanneld && {
      flanneld: { ...request.flanneld, options: hosting.flanneldOptions?.(place) ?? [] },
    }),
  };
}

/** Checks that a flanneld can run the network of a recipe here. Throws a {@link Failure}. */
async function requireFlanneld(path: string, recipe: Recipe): Promise<void> {
  requireFlannelBackend(recipe);
  requirePrograms(['iptables'], programPath(process.env['PATH']));
  await access(path, constants.X_OK).catch((cause: unknown) => {
    throw new Failure('prerequisite', `flanneld cannot be run at ${path}: ${explainError(cause)}`, {
      hint: 'give --flanneld the path of the program; go install github.com/flannel-io/flannel@v0.28.9 builds it',
      cause,
    });
  });
  // A lab has a /run of its own.
  if (!path.startsWith('/run/')) return;
  throw new Failure('usage', `a lab does not see ${path}, because its nodes have a /run of their own`, {
    hint: 'copy flanneld to another directory',
  });
}

/** Plans an underlay outside the recipe's network, and the store's content. Throws a {@link Failure}. */
export function planLab(
  recipe: Recipe,
  request: LabRequest,
): { readonly topology: Topology; readonly networkDocument: string; readonly podCidrs: PodCidrs } {
  // A lab's store is empty at first, so the recipe and `--param` alone decide, as for the first node.
  const { configuration, document } = decideNetwork(recipe, request.parameters, undefined);
  const networks = networksOf(configuration);
  const { nodes, store } = request;
  const { serverName: storeHost, assignsSubnets } = hostingOf(store);
  const underlay = request.topology === undefined ? request.underlay : 'file';
  const model = request.topology?.model ?? builtInTopology(request.underlay, nodes);
  const topology = planTopology({ underlay, model, networks, storeHost });
  if ('problem' in topology) throw refusePlan(topology, request);
  const podCidrs = assignsSubnets ? assignPodCidrs(configuration, topology.nodes) : {};
  if ('available' in podCidrs) {
    const message = `the network of ${request.recipe} has ${String(podCidrs.available)} subnets, which are not enough for ${nodes} nodes`;
    throw new Failure('recipe', message, { hint: 'use fewer nodes (--nodes), or choose a larger network' });
  }
  return { topology, networkDocument: document.text, podCidrs };
}

function recipeOfLab(file: string, recipe: Recipe, isVariant = false): LabSpec['recipe'] {
  return {
    name: recipe.name,
    path: file,
    text: recipe.source.text,
    isVariant,
    shutsDown: recipe.commands.ShutdownCommand !== undefined,
  };
}

/** Refuses nodes with recipes of their own in a lab that hands the same recipe to every node. */
function refuseOwnRecipes({ topology, purpose }: LabRequest): void {
  if (purpose !== 'watch' && purpose !== 'verify') return;
  const own = Object.entries(topology?.settings ?? {}).find(([, { recipe }]) => recipe !== undefined);
  if (own === undefined || topology === undefined) return;
  const command = purpose === 'watch' ? 'lab up --watch' : 'lab verify';
  const message = `${command} runs one recipe on every node, but ${own[0]} has a recipe of its own in ${topology.file}`;
  throw new Failure('usage', message, { hint: 'remove the key Recipe of this node' });
}

/** The failure for an underlay that cannot be planned. */
function refusePlan(problem: PlanProblem, { recipe, topology }: LabRequest): Failure {
  switch (problem.problem) {
    case 'exhausted': {
      const message = `the IPv${problem.family} network of ${recipe} overlaps every range a lab could use for its underlay`;
      return new Failure('recipe', message, { hint: 'choose a smaller network' });
    }
    case 'overlaps': {
      const message = `the segment ${problem.segment} of ${topology?.file ?? 'the lab'}, ${problem.subnet}, overlaps the network of ${recipe}`;
      return new Failure('recipe', message, {
        hint: 'choose another network for the segment, or let the lab choose one',
      });
    }
    case 'full': {
      const message = `the segment ${problem.segment} of ${topology?.file ?? 'the lab'}, ${problem.subnet}, does not have an address for each of its hosts`;
      return new Failure('recipe', message, { hint: 'choose a larger network for the segment' });
    }
    case 'small-mtu': {
      const message = `the link ${problem.link} of ${topology?.file ?? 'the lab'} has the MTU ${problem.mtu}, but IPv6 needs ${leastIpv6Mtu} at least`;
      return new Failure('recipe', message, { hint: 'choose a larger MTU, or a recipe without IPv6' });
    }
  }
}

/** The command that started this program, so that nodes run the same one. */
function ownCommand(): readonly [string, ...string[]] {
  const command = heddleCommand();
  if (command === undefined) throw new Failure('internal', 'heddle does not know its own program file');
  return command;
}
