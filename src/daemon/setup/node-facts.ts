import type { NodeFacts } from '../../contract/environment.ts';
import { overlayMtus } from '../../contract/mtu.ts';
import type { UpOptions } from './options.ts';
import type { ChosenInterface } from '../../host/interface/choose-interface.ts';
import type { NetworkDecision } from '../../recipe-files/decide-network.ts';
import type { Recipe } from '../../recipe/recipe.ts';

/** The part of a node's preparation that commands get facts from. */
interface NodeSetting {
  readonly loaded: { readonly recipe: Recipe };
  readonly network: NetworkDecision;
  readonly underlay: ChosenInterface;
}

/** The facts for commands about a node that is about to come up. */
export function factsOfPreparation(
  { loaded, network, underlay }: NodeSetting,
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
