import { requireLeastMtu } from '../../contract/least-mtu.ts';
import { compareRecipes, type RecipeStep, type SettledRecipe } from '../../recipe/compare-recipes.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import { StoreError } from '../../store/store.ts';
import { networkWriterOf } from '../../store/network-writer.ts';
import type { LeaseStore } from '../../store/store.ts';
import type { LoadedRecipe } from '../../recipe-files/load-recipe.ts';
import type { UpOptions } from '../setup/options.ts';
import { decideNetwork, type NetworkDecision } from '../../recipe-files/decide-network.ts';
import type { Preparation } from '../setup/prepare.ts';
import { refuse } from '../../recipe-files/review-recipe.ts';

/** The steps from the running recipe to the saved one. */
export type RecipePlan =
  | { readonly kind: 'refused'; readonly because: string }
  | {
      readonly kind: 'change';
      readonly preparation: Preparation;
      readonly step: RecipeStep;
      /** The settings of the recipe that the store overrides, as a sentence; undefined if there are none. */
      readonly overruled: string | undefined;
    };

/** Combines a valid recipe with the store's configuration, and decides which steps the change takes. */
export async function planChange(
  preparation: Preparation,
  loaded: LoadedRecipe,
  options: UpOptions,
): Promise<RecipePlan> {
  const before = { recipe: preparation.loaded.recipe, ...settled(preparation.network) };
  try {
    const { store } = preparation;
    const stored = await readNetwork(store);
    const document = stored ?? preparation.network.document;
    const network = decideNetwork(loaded.recipe, options.parameters, document);
    const { configuration, parameterValues } = network;
    const { recipe } = loaded;
    requireLeastMtu(configuration, { recipe, parameterValues, iface: preparation.underlay });
    const after = { recipe: loaded.recipe, ...settled(network) };
    const step = compareRecipes(before, after);
    if (stored === undefined && step.kind === 'node') return refuseForNow(step.because, store);
    const plan = { kind: 'change', preparation: { ...preparation, loaded, network } } as const;
    return { ...plan, step, overruled: findOverruled(before, after, store, options) };
  } catch (error) {
    return refuse(error);
  }
}

function settled({ configuration, parameterValues }: NetworkDecision) {
  return { network: configuration, parameterValues };
}

/** Reads the network configuration. During an outage of the store, the last known document counts. */
async function readNetwork(store: LeaseStore): ReturnType<LeaseStore['readNetwork']> {
  try {
    return await store.readNetwork();
  } catch (error) {
    if (error instanceof StoreError) return undefined;
    throw error;
  }
}

function refuseForNow(because: string, { description }: LeaseStore): RecipePlan {
  const needs = `${because}: this needs a new network and a new lease, but the ${description} cannot be reached`;
  return { kind: 'refused', because: `${needs} (save it again when it is back)` };
}

/**
 * The settings of the saved recipe that have no effect, because network and parameters come from the store. The author may not expect that.
 */
function findOverruled(
  before: SettledRecipe,
  after: SettledRecipe,
  { description }: LeaseStore,
  options: UpOptions,
): string | undefined {
  const { recipe } = before;
  if (compareRecipes(before, { ...after, recipe }).kind !== 'nothing') return undefined;
  const said = compareRecipes(ownSettlement(recipe), { ...ownSettlement(after.recipe), recipe });
  if (said.kind === 'nothing') return undefined;
  return `${said.because} in the recipe, but the network configuration of the ${description} applies; change it with ${networkWriterOf(options.store)}`;
}

function ownSettlement(recipe: Recipe): SettledRecipe {
  return { recipe, network: recipe.network, parameterValues: recipe.parameterValues };
}
