import { countErrors, type Diagnostic } from '../diagnostic/diagnostic.ts';
import { Failure } from '../diagnostic/failure.ts';
import { formatCount } from '../diagnostic/words.ts';
import { requirePrograms } from '../host/programs.ts';
import { examineRecipe } from './examine-recipe.ts';
import { checkRecipe, refuseStrangersFile, type LoadedRecipe, type RecipePlace } from './load-recipe.ts';

/** Why a recipe is not run. `detail` is preformatted text; both it and `diagnostics` may be empty where `because` says all. */
interface RecipeRefusal {
  readonly because: string;
  readonly diagnostics: readonly Diagnostic[];
  readonly detail: string;
}

/** The verdict on a saved recipe while an older text of it runs. */
type RecipeReview =
  | ({ readonly kind: 'refused' } & RecipeRefusal)
  | {
      readonly kind: 'good';
      readonly loaded: LoadedRecipe;
      /** Warnings. */
      readonly diagnostics: readonly Diagnostic[];
    };

/** Checks a text as `heddle recipe check` does, and whether its programs are on `path`, by default PATH. */
export async function reviewRecipe(place: RecipePlace, text: string, path?: string): Promise<RecipeReview> {
  const { file, shownAs, name } = place;
  const source = { name: shownAs, text };
  const diagnostics = await examineRecipe(source, name);
  const errors = countErrors(diagnostics);
  if (errors > 0)
    return {
      kind: 'refused',
      because: formatCount(errors, 'error'),
      diagnostics,
      detail: '',
    };
  try {
    const checked = await checkRecipe(source, name);
    // Whoever was trusted with the file when it was read first may not be the one who saved it.
    refuseStrangersFile(shownAs, file);
    requirePrograms(checked.recipe.requires, path);
    return { kind: 'good', loaded: { file, ...checked }, diagnostics };
  } catch (error) {
    return { ...refuse(error), diagnostics };
  }
}

/** Why something cannot be used, from the Failure that says so. */
export function refuse(error: unknown): Extract<RecipeReview, { kind: 'refused' }> {
  if (!(error instanceof Failure)) throw error;
  const { message, hint, detail, diagnostics } = error;
  const because = hint === undefined ? message : `${message} (${hint})`;
  return { kind: 'refused', because, diagnostics, detail: detail ?? '' };
}
