import { basename, resolve } from 'node:path';
import type { Diagnostic } from '../diagnostic/diagnostic.ts';
import { Failure } from '../diagnostic/failure.ts';
import type { SourceText } from '../diagnostic/source.ts';
import { explainError } from '../host/system-error.ts';
import { findDistrust } from '../host/files/trusted-file.ts';
import { parseRecipe } from '../recipe/read/parse-recipe.ts';
import type { Recipe } from '../recipe/recipe.ts';
import { findNamedRecipe, shippedRecipes } from './catalogue.ts';
import { CommandScripts } from './command-scripts.ts';
import { findRecipeOfType } from './recipe-directory.ts';
import { readRecipeText } from './recipe-text.ts';
import { refuseRecipe } from './refuse-recipe.ts';

/** A recipe that may be run: its document is right, and the shell has read each command without complaint. */
export interface LoadedRecipe {
  /** Its absolute path. */
  readonly file: string;
  readonly recipe: Recipe;
  /** Its commands, as they are run. */
  readonly scripts: CommandScripts;
  /** The warnings about the document. */
  readonly warnings: readonly Diagnostic[];
  /** Sentences about files of its directory that cannot be read. */
  readonly unread?: readonly string[];
}

/** Where a recipe is, and the names that messages and commands use. */
export interface RecipePlace {
  readonly file: string;
  /** As the operator named it: the name of its text. */
  readonly shownAs: string;
  readonly name: string;
}

/** The place of a recipe that was loaded. */
export function recipePlaceOf({ file, recipe }: Pick<LoadedRecipe, 'file' | 'recipe'>): RecipePlace {
  return { file, shownAs: recipe.source.name, name: recipe.name };
}

/** The place of a recipe that is named by its path. */
export function recipePlaceAt(file: string): RecipePlace {
  return { file, shownAs: file, name: basename(file, '.json') };
}

/** The file a recipe is in: a path as given, or for a bare name that of the recipe of that name. */
export function recipeFile(nameOrPath: string): string {
  const named = nameOrPath.endsWith('.json') ? undefined : findNamedRecipe(nameOrPath);
  // An empty name is not a path to the current directory.
  return named ?? (nameOrPath === '' ? '' : resolve(nameOrPath));
}

/**
 * Reads a recipe file and checks all of it. Throws a Failure of kind `recipe` that shows every finding, or that says who
 * else could write what is to be run as root.
 */
export async function loadRecipe(nameOrPath: string): Promise<LoadedRecipe> {
  const file = recipeFile(nameOrPath);
  let text: string;
  try {
    text = await readRecipeText(file);
    refuseStrangersFile(nameOrPath, file);
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure(
      'recipe',
      `the recipe ${nameOrPath === '' ? '""' : nameOrPath} cannot be read: ${explainError(error)}`,
      {
        hint: `give the path of a recipe, or the name of a shipped one: ${Object.keys(shippedRecipes).join(', ')}`,
        cause: error,
      },
    );
  }
  return { file, ...(await checkRecipe({ name: nameOrPath, text }, basename(file, '.json'))) };
}

/**
 * Loads the recipe of a backend type from a directory (`--recipe-dir`), and checks all of it. Throws a Failure of kind `recipe`, as
 * {@link loadRecipe} does, and if not exactly one recipe has the type.
 */
export async function loadRecipeOfType(directory: string, backendType: string): Promise<LoadedRecipe> {
  const { file, text, unread } = await findRecipeOfType(directory, backendType);
  refuseStrangersFile(file, file);
  const { shownAs, name } = recipePlaceAt(file);
  return { file, unread, ...(await checkRecipe({ name: shownAs, text }, name)) };
}

/** Throws a Failure if somebody else could write a recipe that is to be run as root. */
export function refuseStrangersFile(nameOrPath: string, file: string): void {
  const distrust = findDistrust(file);
  if (distrust === undefined) return;
  const { why, hint } = distrust;
  throw new Failure('recipe', `cannot run the recipe ${nameOrPath} as root: ${why}`, { hint });
}

/**
 * Checks a recipe's text, as {@link loadRecipe} does after reading it. The first error is enough to refuse it; the
 * Failure then shows all that `heddle recipe check` finds.
 */
export async function checkRecipe(source: SourceText, name: string): Promise<Omit<LoadedRecipe, 'file'>> {
  const checked = parseRecipe(source, name);
  if (checked.kind === 'invalid') throw await refuseExamined(source, name);
  const recipe = checked.value;
  const scripts = new CommandScripts(Object.values(recipe.commands));
  if ((await scripts.complaints).length > 0) throw await refuseExamined(source, name);
  return { recipe, scripts, warnings: checked.warnings };
}

async function refuseExamined(source: SourceText, name: string): Promise<Failure> {
  // A daemon that starts has no need of the lint.
  const { examineRecipe } = await import('./examine-recipe.ts');
  return refuseRecipe(source, await examineRecipe(source, name));
}
