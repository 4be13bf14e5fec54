import type { Diagnostic } from '../diagnostic/diagnostic.ts';
import type { SourceText } from '../diagnostic/source.ts';
import { findMissingPrograms } from '../host/programs.ts';
import { lintRecipe } from '../recipe/lint/lint-recipe.ts';
import { parseRecipe } from '../recipe/read/parse-recipe.ts';
import { findComplaints } from './command-scripts.ts';

/**
 * Finds all that can be found wrong with a recipe without running it, in the order of its text. What `heddle up` would
 * refuse is an error here too; so is what is certain to fail once it runs.
 */
export async function examineRecipe(source: SourceText, name: string): Promise<readonly Diagnostic[]> {
  const checked = parseRecipe(source, name);
  if (checked.kind === 'invalid') return checked.diagnostics;
  const recipe = checked.value;
  const found = lintRecipe(recipe, {
    syntaxComplaints: await findComplaints(Object.values(recipe.commands)),
    missingPrograms: findMissingPrograms(recipe.requires),
  });
  return [...checked.warnings, ...found].sort((a, b) => a.span.offset - b.span.offset);
}
