import type { NodeFacts } from '../../contract/environment.ts';
import { overlayMtus } from '../../contract/mtu.ts';
import type { UpOptions } from './options.ts';
import type { Preparation } from './prepare.ts';

/** The facts for commands about a node that is about to come up. */
export function factsOfPreparation(
  { loaded, network, underlay }: Pick<Preparation, 'loaded' | 'network' | 'underlay'>,
  options: UpOptions,
): NodeFacts {
  return {
    network: network.configuration,
    nodeName: options.nodeName,
    iface: underlay.name,
    ifaceMtu: underlay.mtu,
    mtus: overlayMtus(loaded.recipe, network.parameterValues, underlay.mtu, network.configuration),
    stateDirectory: options.stateDirectory,
    publicIp: underlay.publicIp,
    publicIpv6: underlay.publicIpv6,
    localAddresses: underlay.addresses,
    parameters: loaded.recipe.parameters,
    parameterValues: network.parameterValues,
  };
}
