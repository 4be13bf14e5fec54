import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** The files that heddle itself keeps in the state directory; its other files begin with a dot. */
const ownNames: readonly string[] = [
  'cni-list.json',
  'deployment.json',
  'heddle.lock',
  'heddle.pid',
  'heddle.sock',
  'journal',
  'lease.json',
];

const folderPrefix = 'set-aside-';

/** The files of a recipe's commands that were moved into a folder of the state directory. */
interface SetAside {
  /** The path of the folder. */
  readonly folder: string;
  readonly names: readonly string[];
}

/**
 * Moves the files of a recipe's commands from the state directory into a new folder there. Undefined if there are none. Throws the file
 * system's error.
 *
 * @param now the time for the folder's name
 */
export async function setAside(stateDirectory: string, now: Date): Promise<SetAside | undefined> {
  const names = (await readdir(stateDirectory)).filter(isOfRecipe);
  if (names.length === 0) return undefined;
  const folder = join(stateDirectory, `${folderPrefix}${now.toISOString().replaceAll(':', '-')}`);
  await mkdir(folder, { mode: 0o700 });
  for (const name of names) await rename(join(stateDirectory, name), join(folder, name));
  return { folder, names };
}

/** Moves the files back. They replace files that have been made meanwhile. */
export async function putBack(stateDirectory: string, { folder, names }: SetAside): Promise<void> {
  const made = (await readdir(stateDirectory)).filter(isOfRecipe);
  for (const name of made) await rm(join(stateDirectory, name), { recursive: true, force: true });
  for (const name of names) await rename(join(folder, name), join(stateDirectory, name));
  await rm(folder, { recursive: true });
}

function isOfRecipe(name: string): boolean {
  return !name.startsWith('.') && !ownNames.includes(name) && !name.startsWith(folderPrefix);
}
