import { Failure } from '../../diagnostic/failure.ts';
import type { SourceText } from '../../diagnostic/source.ts';
import { parseNetworkDocument, recipeTextOf } from '../../recipe/read/network-document.ts';
import type { LeaseStore } from '../../store/store.ts';
import { checkRecipe, loadRecipe, loadRecipeOfType } from '../../recipe-files/load-recipe.ts';
import { refuseRecipe } from '../../recipe-files/refuse-recipe.ts';
import type { LoadedRecipe } from '../../recipe-files/load-recipe.ts';
import type { UpOptions } from './options.ts';
import { findNamedRecipe } from '../../recipe-files/catalogue.ts';

/**
 * Loads the recipe for a network configuration when the operator named none: the local recipe of the configuration's type, from the
 * operator's directory if there is one. Without that directory, commands inside the configuration run if the operator trusts everyone who can
 * write to the store.
 */
export async function loadStoredRecipe(
  stored: SourceText | undefined,
  options: UpOptions,
  store: Pick<LeaseStore, 'description'>,
): Promise<LoadedRecipe> {
  if (stored === undefined) throw new Error('neither --recipe nor the store names a recipe');
  const checked = parseNetworkDocument(stored, []);
  if (checked.kind === 'invalid') throw refuseRecipe(stored, checked.diagnostics);
  const { backendType, commands } = checked.value;
  if (options.recipeDirectory !== undefined) return loadRecipeOfType(options.recipeDirectory, backendType);
  if (commands.length > 0) {
    if (!options.trustStoreCommands) throw refuseCommands(stored, commands, store);
    return { file: stored.name, ...(await checkRecipe(recipeTextOf(stored, checked), backendType)) };
  }
  if (findNamedRecipe(backendType) !== undefined) return loadRecipe(backendType);
  throw new Failure(
    'recipe',
    `${stored.name} has the type "${backendType}", but this machine does not have a recipe with that name`,
    {
      hint: 'give a recipe of this type with --recipe or --recipe-dir',
    },
  );
}

function refuseCommands(
  stored: SourceText,
  commands: readonly string[],
  store: Pick<LeaseStore, 'description'>,
): Failure {
  return new Failure(
    'recipe',
    `${stored.name} contains commands (${commands.join(', ')}), so anyone who can write to the ${store.description} could run commands as root on this node`,
    {
      hint:
        'save the document as a file on this node and give it with --recipe, ' +
        'or allow commands from the store with --trust-store-commands',
    },
  );
}
