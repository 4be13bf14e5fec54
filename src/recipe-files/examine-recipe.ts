import type { Diagnostic } from '../diagnostic/diagnostic.ts';
import type { Findings } from '../diagnostic/findings.ts';
import type { SourceText } from '../diagnostic/source.ts';
import { findMissingPrograms } from '../host/programs.ts';
import { selectRepeated } from '../recipe/json/repeated-keys.ts';
import { lintRecipe } from '../recipe/lint/lint-recipe.ts';
import { findNeeds } from '../recipe/lint/missing-programs.ts';
import { readRecipe } from '../recipe/read/parse-recipe.ts';
import { findComplaints } from './command-scripts.ts';

/**
 * Finds all that can be found wrong with a recipe without running it, in the order of its text. What `heddle up` would
 * refuse is an error here too; so is what is certain to fail once it runs. Errors in the document hide nothing that is
 * wrong with the commands, except where it may follow from them.
 */
export async function examineRecipe(source: SourceText, name: string): Promise<readonly Diagnostic[]> {
  const findings = await examine(source, name);
  // The reading takes the first of the members with one key; a mistake in the others is one as well.
  for (const { source: other, chosen } of selectRepeated(source)) {
    findings.absorb(await examine(other, name), chosen);
  }
  return findings.list();
}

async function examine(source: SourceText, name: string): Promise<Findings> {
  const { outline, findings } = readRecipe(source, name);
  if (outline !== undefined) {
    const surroundings = {
      syntaxComplaints: await findComplaints(Object.values(outline.commands)),
      missingPrograms: findMissingPrograms(findNeeds(outline).map(({ program }) => program)),
    };
    lintRecipe(outline, surroundings, findings);
  }
  return findings;
}
