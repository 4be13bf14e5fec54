import { chownSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter } from 'node:path';
import { run } from './run.js';

/** Debian's nobody. */
const nobody = 65_534;

/** The files that the unit tests read, libraries excepted. */
const neededFiles = ['package.json', 'bin', 'dist', 'recipes', 'scenarios', 'scripts', 'src', 'test'];

/**
 * A user without root's rights. A unit test that needs root fails as this user, before a colleague meets it.
 * @typedef {object} Unprivileged
 * @property {readonly string[]} wrapper the words before a command
 * @property {(directory: string) => NodeJS.ProcessEnv} environment with this directory as home, given to the user
 * @property {string | undefined} problem why the unit tests run as root after all
 */

/** Finds the user for the unit tests: the present one, or nobody if that is root. @returns {Promise<Unprivileged>} */
export async function findUnprivileged() {
  const asSelf = { wrapper: [], environment: () => process.env, problem: undefined };
  if (process.getuid?.() !== 0) return asSelf;
  const wrapper = ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups'];
  const unreadable = await run([...wrapper, 'find', ...neededFiles, '!', '-readable'], { captured: true });
  if (!unreadable.ok || unreadable.stdout !== '') return { ...asSelf, problem: unreadableCheckout };
  return {
    wrapper,
    environment: (directory) => {
      chownSync(directory, nobody, nobody);
      return { ...process.env, HOME: directory, PATH: pathBeyond(homedir()) };
    },
    problem: undefined,
  };
}

/** This process's PATH without the folders below root's home, where this user may not look. @param {string} home */
function pathBeyond(home) {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.filter((folder) => !folder.startsWith(`${home}/`)).join(delimiter);
}

export const unreadableCheckout = 'this checkout cannot be read by another user';
