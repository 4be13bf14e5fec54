import { Failure } from '../../diagnostic/failure.ts';
import type { SourceText } from '../../diagnostic/source.ts';
import type { Concern } from '../../event/concern.ts';
import { fitsConfiguration } from '../../lease/acquire.ts';
import type { LeaseSubnets } from '../../lease/lease.ts';
import { describeSubnets } from '../../lease/roster.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import { parseNetworkDocument } from '../../recipe/read/network-document.ts';
import {
  compareNetworks,
  type NetworkDifference,
  type SettledNetwork,
} from '../../recipe-files/compare-networks.ts';
import { decideNetwork, type NetworkDecision } from '../../recipe-files/decide-network.ts';
import type { LeaseStore } from '../../store/store.ts';
import { refuseRecipe } from '../../recipe-files/refuse-recipe.ts';
import type { UpOptions } from '../setup/options.ts';

/** A node that runs a network, with the facts that the store's document may contradict. */
export interface JudgingNode {
  readonly preparation: {
    readonly loaded: { readonly recipe: Recipe };
    readonly network: NetworkDecision;
    readonly store: Pick<LeaseStore, 'description'>;
  };
  readonly options: Pick<UpOptions, 'parameters' | 'recipe'>;
  /** The way to write the network configuration, as a noun. */
  readonly networkWriter: string;
  /** The subnets of this node. */
  readonly own: LeaseSubnets;
}

/** The reason and the cure of a concern. */
export type NetworkProblem = Pick<Concern, 'because' | 'hint'>;

/** Compares a document with the network that a node runs. Undefined if both are the same. */
export function judgeNetwork(document: SourceText, node: JudgingNode): NetworkProblem | undefined {
  const { preparation, own } = node;
  const { loaded, network, store } = preparation;
  const running = { ...network, backendType: loaded.recipe.backendType };
  let stored: SettledNetwork;
  try {
    stored = settle(document, node);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const hint = error.hint === undefined ? '' : ` (${error.hint})`;
    return {
      because: `the network configuration in the ${store.description} was changed, and this node cannot use it: ${explain(error)}`,
      hint: `correct it with ${node.networkWriter}${hint}; until then this node keeps what it runs`,
    };
  }
  const differences = compareNetworks(running, stored, loaded.recipe.parameters);
  if (differences.length === 0) return undefined;
  const moved = fitsConfiguration(stored.configuration, own)
    ? ''
    : `; the lease ${describeSubnets(own)} does not fit, so this node then gets another subnet, and its pods have to be created again`;
  return {
    because: `the network configuration in the ${store.description} is not the one that this node runs: ${differences.map(describe).join(', ')}`,
    hint: `${describeCure(stored.backendType, node)}${moved}`,
  };
}

/** Settles the network of a document. Throws a Failure if the document does not decide what this node would run. */
function settle(document: SourceText, { preparation, options }: JudgingNode): SettledNetwork {
  const { recipe } = preparation.loaded;
  const checked = parseNetworkDocument(document);
  if (checked.kind === 'invalid') throw refuseRecipe(document, checked.diagnostics);
  const { backendType, network } = checked.value;
  if (backendType !== recipe.backendType) return { backendType, configuration: network, parameterValues: {} };
  return { ...decideNetwork(recipe, options.parameters, document), backendType };
}

function describeCure(storedType: string, { preparation, options, networkWriter }: JudgingNode): string {
  const needsRecipe = storedType !== preparation.loaded.recipe.backendType && options.recipe !== undefined;
  const how = needsRecipe ? ` with a recipe of type "${storedType}" for --recipe` : '';
  return (
    `restart heddle on every node${how}, or put the earlier configuration back with ${networkWriter}; ` +
    'nodes that run different configurations may not reach each other'
  );
}

function describe({ key, stored, running }: NetworkDifference): string {
  return `${key} is ${stored} there and ${running} here`;
}

/** A failure as text, with its first finding if the finding holds the reason. */
function explain({ message, diagnostics }: Failure): string {
  const [first] = diagnostics;
  return first === undefined ? message : first.message;
}
