import { Failure } from '../../diagnostic/failure.ts';
import type { SourceText } from '../../diagnostic/source.ts';
import { parseNetworkDocument } from '../../recipe/read/network-document.ts';
import type { LeaseStore } from '../../store/store.ts';
import { checkRecipe, loadRecipe, refuseRecipe } from '../../recipe-files/load-recipe.ts';
import type { LoadedRecipe } from '../../recipe-files/load-recipe.ts';
import type { UpOptions } from './options.ts';
import { findNamedRecipe } from '../../recipe-files/catalogue.ts';

/**
 * The recipe for a network configuration when the operator named none: the local recipe of the type that it names. Commands
 * inside the configuration are run only by an operator who trusts everyone who can write there.
 */
export async function loadStoredRecipe(
  stored: SourceText | undefined,
  options: UpOptions,
  store: LeaseStore,
): Promise<LoadedRecipe> {
  if (stored === undefined) throw new Error('a recipe was neither named nor stored');
  const checked = parseNetworkDocument(stored);
  if (checked.kind === 'invalid') throw refuseRecipe(stored, checked.diagnostics);
  const { backendType, commands } = checked.value;
  if (commands.length > 0) {
    if (!options.trustStoreCommands) throw refuseCommands(stored, commands, store);
    return { file: stored.name, ...(await checkRecipe(stored, backendType)) };
  }
  if (findNamedRecipe(backendType) !== undefined) return loadRecipe(backendType);
  throw new Failure(
    'recipe',
    `${stored.name} names the type "${backendType}", and there is no recipe of that name here`,
    {
      hint: 'give the recipe for it with --recipe',
    },
  );
}

function refuseCommands(stored: SourceText, commands: readonly string[], store: LeaseStore): Failure {
  return new Failure(
    'recipe',
    `${stored.name} holds commands (${commands.join(', ')}), and whoever can write to the ${store.description} would run them here as root`,
    {
      hint:
        'save the document as a file on this node and give it with --recipe, ' +
        'or accept what stands in the store with --trust-store-commands',
    },
  );
}
