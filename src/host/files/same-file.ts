import { realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Whether two paths name one file, perhaps through symbolic links to their directories. */
export async function isSameFile(one: string, other: string): Promise<boolean> {
  return one === other || (await resolveDirectory(one)) === (await resolveDirectory(other));
}

async function resolveDirectory(path: string): Promise<string> {
  const directory = await realpath(dirname(path)).catch(() => dirname(path));
  return join(directory, basename(path));
}
