import type { NetworkConfiguration } from '../../network/configuration.ts';
import { ownNetworkNamespace } from '../../host/network-namespace.ts';
import type { NodeFacts } from '../../contract/environment.ts';
import { overlayMtu } from '../../contract/mtu.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import { withoutPassword } from '../../store/open-store.ts';
import type { Deployment } from '../network/deployment.ts';
import type { UpOptions } from '../options.ts';
import type { Preparation } from './prepare.ts';

/** What commands are told of a node that is about to come up. */
export function factsOfPreparation(
  { loaded, network, underlay }: Preparation,
  options: UpOptions,
): NodeFacts {
  return {
    network: network.configuration,
    nodeName: options.nodeName,
    iface: underlay.name,
    ifaceMtu: underlay.mtu,
    mtu: overlayMtu(loaded.recipe, network.parameterValues, underlay.mtu),
    stateDirectory: options.stateDirectory,
    publicIp: underlay.publicIp,
    publicIpv6: underlay.publicIpv6,
    parameters: loaded.recipe.parameters,
    parameterValues: network.parameterValues,
  };
}

/** What commands are told when a network is taken down that another process brought up. */
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
    mtu: deployment.mtu,
    stateDirectory,
    publicIp: deployment.publicIp ?? undefined,
    publicIpv6: deployment.publicIpv6 ?? undefined,
    parameters: recipe.parameters,
    parameterValues: deployment.parameterValues,
  };
}

/** What to remember of a network while it is up. */
export function deploymentOf(
  { loaded, network }: Preparation,
  options: UpOptions,
  facts: NodeFacts,
  leaseKey: string | null,
): Deployment {
  const { recipe, file } = loaded;
  const networkNamespace = ownNetworkNamespace();
  return {
    version: 1,
    recipe: { file, name: recipe.name, text: recipe.source.text },
    parameterValues: facts.parameterValues,
    networkDocument: network.document.text,
    store: withoutPassword(options.store),
    nodeName: facts.nodeName,
    iface: facts.iface,
    ifaceMtu: facts.ifaceMtu,
    mtu: facts.mtu,
    publicIp: facts.publicIp ?? null,
    publicIpv6: facts.publicIpv6 ?? null,
    subnetFile: options.subnetFile,
    ...(networkNamespace && { networkNamespace }),
    leaseKey,
  };
}

/**
 * Whether a network that an earlier daemon left up can be taken over as it is. Otherwise it has to be taken down with
 * its own recipe first, since the new one knows nothing of its devices.
 */
export function isSameNetwork(before: Deployment, now: Deployment): boolean {
  const identity = (deployment: Deployment): string =>
    JSON.stringify([deployment.recipe.name, deployment.parameterValues, deployment.networkDocument]);
  return identity(before) === identity(now);
}
