import type { CniTemplate } from '../../cni/template.ts';
import { nodeVariables, ownVariables } from '../../contract/environment.ts';
import { requireLeastMtu } from '../../contract/least-mtu.ts';
import type { SourceText } from '../../diagnostic/source.ts';
import { requireFitHost } from '../../doctor/facts/start-facts.ts';
import type { HostInterfaces } from '../../host/interface/interface.ts';
import type { ChosenInterface } from '../../host/interface/choose-interface.ts';
import { requirePrograms } from '../../host/programs.ts';
import { networksOf } from '../../network/configuration.ts';
import { storeKindOf } from '../../store/kinds.ts';
import { openStore } from '../../store/open-store.ts';
import { LimitedStore, type StoreLimits } from '../../store/limited-store.ts';
import type { LeaseStore } from '../../store/store.ts';
import { awaitNetwork } from './await-network.ts';
import { decideNetwork, type NetworkDecision } from '../../recipe-files/decide-network.ts';
import { requireNoOverlap } from './require-no-overlap.ts';
import { loadStoredRecipe } from './stored-recipe.ts';
import type { LoadedRecipe } from '../../recipe-files/load-recipe.ts';
import type { CheckedHost } from './check-host.ts';
import { factsOfPreparation } from './node-facts.ts';
import type { UpOptions } from './options.ts';
import type { StartWait } from './start-wait.ts';
import type { OutageLog } from '../lease/outage-log.ts';
import { outlastOutages } from '../lease/outlast-outages.ts';

/** The facts that `up` needs before it changes anything. */
export interface Preparation {
  readonly loaded: LoadedRecipe;
  readonly store: LeaseStore;
  /** The outages of the store during the start. */
  readonly outages: OutageLog;
  readonly network: NetworkDecision;
  readonly underlay: ChosenInterface;
  readonly interfaces: HostInterfaces;
  /** The template of the CNI list; undefined without a list. */
  readonly cniTemplate: CniTemplate | undefined;
  /** The real path of the state directory. */
  readonly stateDirectory: string;
}

/**
 * Collects the facts for a start: the store's network configuration, the recipe if the operator named none, the parameters, the interface.
 * Waits for a store that is away, until the node is told to stop. Throws a Failure at the first fault; nothing was started, leased or
 * written into the kernel by then.
 */
export async function prepareNode(
  options: UpOptions,
  host: CheckedHost,
  wait: StartWait,
  limits: StoreLimits,
): Promise<Preparation> {
  const signal = limits.stopping;
  const store = new LimitedStore(await openStore(options.store), limits);
  const { outages } = wait;
  wait.asksStore(store.description);
  try {
    const stored = await readStoredNetwork(options, store, wait, signal);
    const { node } = store;
    if (node !== undefined)
      host.interfaces.wishFor(await outlastOutages(() => node.readPublicAddresses(), outages, signal));
    wait.asksStore(undefined);
    const decision = await decideNode(options, host, store, stored);
    const { interfaces, cniTemplate, stateDirectory } = host;
    return { ...decision, store, outages, interfaces, cniTemplate, stateDirectory };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** The recipe, the network and the interface of a node. */
export type NodeDecision = Pick<Preparation, 'loaded' | 'network' | 'underlay'>;

/**
 * Decides the recipe, the network and the interface from the network configuration of a store, or from its absence. Changes nothing. Throws
 * a Failure at the first fault.
 */
export async function decideNode(
  options: UpOptions,
  host: Pick<CheckedHost, 'recipe' | 'interfaces'>,
  store: Pick<LeaseStore, 'description'>,
  stored: SourceText | undefined,
): Promise<NodeDecision> {
  const loaded = host.recipe ?? (await loadStoredRecipe(stored, options, store));
  requirePrograms(loaded.recipe.requires);
  if (options.probeIntervalSeconds !== undefined) requirePrograms(['ping']);
  const network = decideNetwork(loaded.recipe, options.parameters, stored);
  const families = networksOf(network.configuration).map(({ family }) => family);
  const underlay = await host.interfaces.choose(families);
  const { recipe } = loaded;
  const { configuration, parameterValues } = network;
  requireLeastMtu(configuration, { recipe, parameterValues, iface: underlay });
  const decision = { loaded, network, underlay };
  await Promise.all([
    requireNoOverlap(configuration, host.interfaces, underlay, options),
    requireFit(decision, host.interfaces, options),
  ]);
  return decision;
}

/** Throws the Failure `unfit` if the kernel would refuse a device of the recipe: those checks of `heddle doctor` that read a few files. */
async function requireFit(
  decision: NodeDecision,
  interfaces: CheckedHost['interfaces'],
  options: UpOptions,
): Promise<void> {
  const facts = factsOfPreparation(decision, options);
  await requireFitHost({
    recipe: decision.loaded.recipe,
    variables: { ...nodeVariables(facts, undefined), ...ownVariables(facts, undefined) },
    families: decision.network.configuration,
    stateDirectory: options.stateDirectory,
    links: await interfaces.links(),
  });
}

/** Whether this node may write its recipe's configuration into a store that has none. Otherwise it waits for one. */
export function mayBringNetwork({ store, recipe }: Pick<UpOptions, 'store' | 'recipe'>): boolean {
  return storeKindOf(store).mayBringNetwork && recipe !== undefined;
}

async function readStoredNetwork(
  options: UpOptions,
  store: LeaseStore,
  wait: StartWait,
  signal: AbortSignal,
): Promise<SourceText | undefined> {
  if (!mayBringNetwork(options)) return awaitNetwork(store, options.store, wait, signal);
  return outlastOutages(() => store.readNetwork(), wait.outages, signal);
}
