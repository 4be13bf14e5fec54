import type { NodeFacts } from '../../contract/environment.ts';
import { publishedMtu } from '../../contract/mtu.ts';
import { ownNetworkNamespace, type NetworkNamespace } from '../../host/network-namespace.ts';
import type { NetworkConfiguration } from '../../network/configuration.ts';
import { mapFamilies, type PerFamily } from '../../network/per-family.ts';
import type { ParameterValue, Recipe } from '../../recipe/recipe.ts';
import type { StoreChoice } from '../../store/kind.ts';
import { withoutSecrets } from '../../store/secrets.ts';
import type { UpOptions } from '../setup/options.ts';
import type { Preparation } from '../setup/prepare.ts';
import type { NetworkPart } from './parts/part.ts';
import { readTrafficMemory } from './parts/traffic-rules.ts';
import { networkParts, rememberParts, type PartMemories } from './parts/parts.ts';

/** The version of the file's form. Every older form can be read; see `readDeployment`. */
export const deploymentVersion = 2;

/**
 * The settings that a network on this node was brought up with. They suffice to take it down after its daemon died, its
 * recipe file changed, or the machine's addresses changed.
 */
export interface Deployment {
  readonly version: typeof deploymentVersion;
  readonly recipe: { readonly file: string; readonly name: string; readonly text: string };
  readonly parameterValues: Readonly<Record<string, ParameterValue>>;
  /** The names of the daemon's variables that the operator gave to commands; older versions gave them nearly all. */
  readonly passEnvironment?: readonly string[];
  /** The network configuration document from the store. */
  readonly networkDocument: string;
  /** The store, without its secrets. */
  readonly store: StoreChoice;
  readonly nodeName: string;
  readonly iface: string;
  readonly ifaceMtu: number;
  /** The published MTU of the overlay. */
  readonly mtu: number;
  /** The MTU of each family; older versions did not distinguish them. */
  readonly mtus?: PerFamily<number>;
  readonly publicIp: string | null;
  readonly publicIpv6: string | null;
  /** This node's own addresses on the interface; older versions did not keep them. */
  readonly localAddress?: string | null;
  readonly localAddressV6?: string | null;
  /** The data for the removal of each part that may be on the node. */
  readonly parts: PartMemories;
  /** The network namespace of the network; older versions did not note it. */
  readonly networkNamespace?: NetworkNamespace;
  /** The key of this node's lease; null until it has one. */
  readonly leaseKey: string | null;
  /**
   * The first step of a change to another recipe: the removal of the old recipe's peers, or of everything. Written before the change, and
   * absent after it.
   */
  readonly change?: 'peers' | 'node';
}

/** The facts for commands when this process takes down a network that another process brought up. */
export function factsOfDeployment(
  deployment: Deployment,
  recipe: Recipe,
  network: NetworkConfiguration,
  stateDirectory: string,
): NodeFacts {
  return {
    network,
    nodeName: deployment.nodeName,
    iface: deployment.iface,
    ifaceMtu: deployment.ifaceMtu,
    mtus: deployment.mtus ?? mapFamilies(network, () => deployment.mtu),
    stateDirectory,
    publicIp: deployment.publicIp ?? undefined,
    publicIpv6: deployment.publicIpv6 ?? undefined,
    localAddresses: {
      ipv4: deployment.localAddress ?? undefined,
      ipv6: deployment.localAddressV6 ?? undefined,
    },
    parameters: recipe.parameters,
    parameterValues: deployment.parameterValues,
  };
}

/** The parts that a network may have before its lease. */
export const foundations: readonly NetworkPart[] = networkParts.filter(({ isFoundation }) => isFoundation);

/** The deployment of a network while it is up. `begun` lists the parts that may be on the node. */
export function deploymentOf(
  { loaded, network }: Pick<Preparation, 'loaded' | 'network'>,
  options: UpOptions,
  facts: NodeFacts,
  leaseKey: string | null,
  begun: readonly NetworkPart[] = networkParts,
): Deployment {
  const { recipe, file } = loaded;
  const networkNamespace = ownNetworkNamespace();
  return {
    version: deploymentVersion,
    recipe: { file, name: recipe.name, text: recipe.source.text },
    parameterValues: facts.parameterValues,
    passEnvironment: options.passEnvironment,
    networkDocument: network.document.text,
    store: withoutSecrets(options.store),
    nodeName: facts.nodeName,
    iface: facts.iface,
    ifaceMtu: facts.ifaceMtu,
    mtu: publishedMtu(facts.mtus),
    mtus: facts.mtus,
    publicIp: facts.publicIp ?? null,
    publicIpv6: facts.publicIpv6 ?? null,
    localAddress: facts.localAddresses.ipv4 ?? null,
    localAddressV6: facts.localAddresses.ipv6 ?? null,
    parts: rememberParts(options, begun),
    ...(networkNamespace && { networkNamespace }),
    leaseKey,
  };
}

/**
 * Whether an earlier daemon's network can be taken over as it is. Any other network is taken down first, with its own recipe, because the
 * new recipe does not know its devices.
 */
export function isSameNetwork(before: Deployment, now: Deployment): boolean {
  const identity = (deployment: Deployment): string =>
    JSON.stringify([
      deployment.recipe.name,
      deployment.parameterValues,
      deployment.networkDocument,
      readTrafficMemory(deployment.parts['traffic-rules']).chainSuffix,
    ]);
  return identity(before) === identity(now);
}
