import { positionAt } from '../../../diagnostic/source.ts';
import type { Recipe } from '../../../recipe/recipe.ts';
import type { LabSpec } from '../../protocol.ts';
import type { RecipeLine } from '../../plan/outcome.ts';

/** The line of a key of the recipe, or of its backend if the recipe does not have the key. */
export function lineOfKey(key: string, { source }: Recipe, { recipe }: Pick<LabSpec, 'recipe'>): RecipeLine {
  const found = [key, 'Backend'].map((word) => source.text.indexOf(`"${word}"`)).find((at) => at >= 0);
  return { file: recipe.path, line: positionAt(source.text, found ?? 0).line };
}
