import { renderDiagnostics } from '../diagnostic/code-frame.ts';
import { Failure } from '../diagnostic/failure.ts';
import { requirePrograms } from '../host/programs.ts';
import { examineRecipe } from './examine-recipe.ts';
import { checkRecipe, refuseStrangersFile, type LoadedRecipe } from './load-recipe.ts';

/** What is to be thought of a recipe that was saved while another text of it runs. */
export type RecipeReview =
  /** `findings` is ready to be shown; it may be empty where `because` says all. */
  | { readonly kind: 'refused'; readonly because: string; readonly findings: string }
  | {
      readonly kind: 'good';
      readonly loaded: LoadedRecipe;
      /** Warnings, ready to be shown. */
      readonly findings: string;
    };

/** Checks a text as `heddle recipe check` does, and whether its programs are on `path`, by default PATH. */
export async function reviewRecipe(
  loaded: LoadedRecipe,
  text: string,
  colour: boolean,
  path?: string,
): Promise<RecipeReview> {
  const source = { name: loaded.recipe.source.name, text };
  const found = await examineRecipe(source, loaded.recipe.name);
  const findings = renderDiagnostics(found, { colour });
  const errors = found.filter(({ severity }) => severity === 'error').length;
  if (errors > 0)
    return { kind: 'refused', because: errors === 1 ? '1 error' : `${errors} errors`, findings };
  try {
    const checked = await checkRecipe(source, loaded.recipe.name, colour);
    // Whoever was trusted with the file when it was read first may not be the one who saved it.
    await refuseStrangersFile(source.name, loaded.file);
    requirePrograms(checked.recipe.requires, path);
    return { kind: 'good', loaded: { file: loaded.file, ...checked }, findings };
  } catch (error) {
    return { ...refuse(error), findings };
  }
}

/** Why something cannot be used, from the Failure that says so. */
export function refuse(error: unknown): Extract<RecipeReview, { kind: 'refused' }> {
  if (!(error instanceof Failure)) throw error;
  const { message, hint, detail } = error;
  const because = hint === undefined ? message : `${message} (${hint})`;
  return { kind: 'refused', because, findings: detail ?? '' };
}
