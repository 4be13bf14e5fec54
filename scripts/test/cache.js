import { homedir } from 'node:os';
import { join } from 'node:path';

/** The directory in the user's cache where every checkout finds what is built or downloaded once. @param {string} name */
export function cacheDirectory(name) {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'heddle', name);
}
