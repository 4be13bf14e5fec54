import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { checkout, heddleVersion } from './checkout.js';
import { buildDebianPackage } from './debian/package.js';
import { buildExecutable } from './executable.js';

/*
 * The packages that the tests try: as those of a release, for this machine's processor, with a compression that takes a second and not a
 * minute. They are built again when something that is in them has changed.
 */

const folder = join(checkout, '.cache', 'package', 'tested');

/** What the tests try, by name. The later version of Debian's package differs in its number only. */
export const tested = {
  executable: join(folder, 'heddle'),
  debian: join(folder, 'heddle.deb'),
  laterDebian: join(folder, 'heddle-later.deb'),
};

/** What goes into the packages, relative to the checkout. */
const inputs = [
  ...[
    'bin',
    'deploy',
    'dist',
    'docs',
    'recipes',
    'scenarios',
    'scripts/package',
    'src/start-executable.ts',
    'src/run-bundle.ts',
  ],
  ...['CHANGELOG.md', 'LICENSE', 'README.md', 'SECURITY.md', 'package.json'],
];

/** The newest change of a file or below a folder, in milliseconds since the epoch. @param {string} path @returns {number} */
function newestChange(path) {
  const stats = statSync(path);
  if (!stats.isDirectory()) return stats.mtimeMs;
  const names = readdirSync(path).filter((name) => name !== 'compiled');
  return Math.max(0, ...names.map((name) => newestChange(join(path, name))));
}

/** Whether the packages have to be built. */
export function areTestedPackagesStale() {
  if (!existsSync(tested.laterDebian)) return true;
  return (
    statSync(tested.laterDebian).mtimeMs <
    Math.max(...inputs.map((path) => newestChange(join(checkout, path))))
  );
}

/** Builds the packages. Throws an error if that fails. */
export async function buildTestedPackages() {
  const processor = /** @type {import('./release.js').Processor} */ (process.arch);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await buildExecutable(processor, tested.executable);
  const options = {
    processor,
    executable: tested.executable,
    helper: tested.executable,
    compression: ['-Zgzip', '-z1'],
  };
  buildDebianPackage({ ...options, target: tested.debian });
  buildDebianPackage({ ...options, target: tested.laterDebian, version: `${heddleVersion}+later` });
}
