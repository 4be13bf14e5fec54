import { requireLeastMtu } from '../../contract/least-mtu.ts';
import type { SourceText } from '../../diagnostic/source.ts';
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
import type { UpOptions } from './options.ts';
import type { StartWait } from './start-wait.ts';
import type { OutageLog } from '../lease/outage-log.ts';
import { outlastOutages } from '../lease/outlast-outages.ts';

/** All that `up` needs to know before it touches anything. */
export interface Preparation {
  readonly loaded: LoadedRecipe;
  readonly store: LeaseStore;
  /** Those of the store on the way up. */
  readonly outages: OutageLog;
  readonly network: NetworkDecision;
  readonly underlay: ChosenInterface;
  readonly interfaces: HostInterfaces;
  /** The real path of the state directory. */
  readonly stateDirectory: string;
}

/**
 * Learns everything that has to be known beforehand: the store's network configuration, the recipe where the operator named none,
 * the parameters, the interface. Throws a Failure at the first of these that is not right; nothing was started, leased or written
 * into the kernel by then. A store that is away for now is waited for, until the node is told to stop.
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
  try {
    const stored = await readStoredNetwork(options, store, wait, signal);
    const decision = await decideNode(options, host, store, stored);
    const { interfaces, stateDirectory } = host;
    return { ...decision, store, outages, interfaces, stateDirectory };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** The recipe, the network and the interface of a node. */
export type NodeDecision = Pick<Preparation, 'loaded' | 'network' | 'underlay'>;

/**
 * Decides what follows from the network configuration that a store has, or does not have. Looks only, and throws a Failure at the first
 * thing that is not right.
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
  await requireNoOverlap(configuration, host.interfaces, underlay, options);
  return { loaded, network, underlay };
}

/** Whether this node writes the configuration of its recipe into a store that has none, or waits for one. */
export function mayBringNetwork({ store, recipe }: Pick<UpOptions, 'store' | 'recipe'>): boolean {
  return storeKindOf(store).mayBringNetwork && recipe !== undefined;
}

async function readStoredNetwork(
  options: UpOptions,
  store: LeaseStore,
  wait: StartWait,
  signal: AbortSignal,
): Promise<SourceText | undefined> {
  if (!mayBringNetwork(options)) return awaitNetwork(store, wait, signal);
  return outlastOutages(() => store.readNetwork(), wait.outages, signal);
}
