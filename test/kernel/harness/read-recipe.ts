import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseRecipe } from '../../../src/recipe/read/parse-recipe.ts';
import type { Recipe } from '../../../src/recipe/recipe.ts';

/** Reads a recipe of this repository, of which nothing may be wrong. */
export function readSoundRecipe(path: string): Recipe {
  const checked = parseRecipe({ name: path, text: readFileSync(path, 'utf8') }, basename(path, '.json'));
  const findings = checked.kind === 'valid' ? checked.warnings : checked.diagnostics;
  if (checked.kind === 'invalid' || findings.length > 0) {
    throw new Error(`${path}: ${findings.map(({ message }) => message).join('; ')}`);
  }
  return checked.value;
}
