import { writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { Failure } from '../../diagnostic/failure.ts';
import { explainError, hasErrorCode } from '../../host/system-error.ts';
import { backendKeys } from '../../recipe/keys.ts';
import { renderNewRecipe } from '../../recipe/new-recipe.ts';

/** Writes a recipe to begin with. Never overwrites anything. */
export async function writeNewRecipe(path: string, givenType: string | undefined): Promise<void> {
  if (path === '' || path.endsWith('/')) {
    throw new Failure('usage', `${path === '' ? '""' : path} is not the name of a file`, {
      hint: 'give a name such as my-overlay, or a path that ends with a name',
    });
  }
  const file = path.endsWith('.json') ? path : `${path}.json`;
  const type = givenType ?? basename(file, '.json');
  if (!backendKeys.Type.safeParse(type).success) {
    const what = givenType === undefined ? 'the name' : '--type';
    throw new Failure('usage', `${what} ${JSON.stringify(type)} cannot be a backend type`, {
      hint: 'use at most 63 letters, digits, ".", "_" and "-", and begin with a letter or digit',
    });
  }
  try {
    await writeFile(file, renderNewRecipe(type), { flag: 'wx' });
  } catch (error) {
    const exists = hasErrorCode(error, 'EEXIST');
    throw new Failure(
      'usage',
      exists ? `${file} already exists` : `${file} cannot be written: ${explainError(error)}`,
      {
        hint: exists ? 'choose another name, or remove it first' : undefined,
        cause: error,
      },
    );
  }
  const shown = file.includes('/') ? file : `./${file}`;
  process.stdout.write(`Wrote ${file}. Now:\n  heddle recipe check ${shown}\n  heddle lab run ${shown}\n`);
}
