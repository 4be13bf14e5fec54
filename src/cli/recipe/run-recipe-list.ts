import { readPackageText } from '../../host/files/package-files.ts';
import { findNamedRecipe, namedRecipes, shippedRecipes } from '../../recipe-files/catalogue.ts';
import { parseRecipe } from '../../recipe/read/parse-recipe.ts';
import { renderTable } from '../terminal/table.ts';

/** A recipe as `recipe list --json` prints it. */
export interface ListedRecipe {
  readonly name: string;
  /** Null if the recipe cannot be used as it is. */
  readonly type: string | null;
  readonly description: string;
  readonly file: string;
}

/** Prints the recipes that can be used by name. */
export function listRecipes(json: boolean): void {
  const listed = namedRecipes().flatMap(describeRecipe);
  const rows = listed.map(({ name, type, description }) => [name, type ?? '-', description]);
  process.stdout.write(
    json ? `${JSON.stringify(listed)}\n` : renderTable(['NAME', 'TYPE', 'DESCRIPTION'], rows),
  );
}

function describeRecipe(name: string): ListedRecipe[] {
  const file = findNamedRecipe(name);
  if (file === undefined) return [];
  const type = readType(file, name);
  const own = Object.hasOwn(shippedRecipes, name) ? shippedRecipes[name] : undefined;
  const description = type === null ? 'cannot be used: see heddle recipe check' : (own ?? file);
  return [{ name, type, description, file }];
}

function readType(file: string, name: string): string | null {
  try {
    const checked = parseRecipe({ name: file, text: readPackageText(file) }, name);
    return checked.kind === 'valid' ? checked.value.backendType : null;
  } catch {
    return null;
  }
}
