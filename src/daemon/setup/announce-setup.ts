import type { Diagnostic } from '../../diagnostic/diagnostic.ts';
import { positionAt } from '../../diagnostic/source.ts';
import type { EmitEvent } from '../../event/event.ts';
import { describeNetwork } from '../../network/configuration-text.ts';
import { mainPublicAddress } from '../../network/public-addresses.ts';
import type { ChosenInterface } from '../../host/interface/choose-interface.ts';
import type { NetworkDecision } from '../../recipe-files/decide-network.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import type { LeaseStore } from '../../store/store.ts';

/** The part of a node's preparation that is reported. */
interface Setup {
  readonly loaded: {
    readonly file: string;
    readonly recipe: Recipe;
    readonly warnings: readonly Diagnostic[];
    readonly unread?: readonly string[];
  };
  readonly network: NetworkDecision;
  readonly store: Pick<LeaseStore, 'description'>;
  readonly underlay: ChosenInterface;
}

/** Reports the network that a node is about to join, its interface, and the warnings about the recipe and the store's configuration. */
export function announceSetup(setup: Setup, emit: EmitEvent): void {
  const { underlay, network, loaded, store } = setup;
  reportOddities(setup, emit);
  emit({
    event: 'network-configured',
    source: network.isInStore ? store.description : loaded.file,
    network: describeNetwork(network.configuration),
    type: loaded.recipe.backendType,
  });
  emit({
    event: 'interface-chosen',
    iface: underlay.name,
    publicIp: mainPublicAddress(underlay),
    mtu: underlay.mtu,
    because: underlay.because,
  });
}

/**
 * Reports the warnings about the recipe and about the store's network configuration. The first node of a store writes
 * its recipe's configuration there, so a warning that both have is reported only for the recipe.
 */
function reportOddities({ loaded, network }: Setup, emit: EmitEvent): void {
  const told = new Set(loaded.warnings.map(({ message }) => message));
  const ofNetwork = network.warnings.filter(({ message }) => !told.has(message));
  for (const warning of [...loaded.warnings, ...ofNetwork]) emit({ event: 'finding', ...describe(warning) });
  for (const message of loaded.unread ?? []) emit({ event: 'warning', message });
}

function describe({ source, span, code, message, hint }: Diagnostic) {
  const { line, column } = positionAt(source.text, span.offset);
  return { where: { file: source.name, line, column }, code, message, ...(hint !== undefined && { hint }) };
}
