import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pathInShare } from '../../protocol.ts';

/** Writes the recipe to the place where nodes read it, as a whole. */
export async function writeNodeRecipe(recipePath: string, text: string): Promise<void> {
  const file = pathInShare(recipePath);
  await mkdir(dirname(file), { recursive: true });
  const draft = `${file}.draft`;
  await writeFile(draft, text);
  await rename(draft, file);
}
