import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The folder of heddle's package.json. The number of levels up to it depends on whether this code is bundled. */
const packageRoot = findPackageRoot(import.meta.dirname);

function findPackageRoot(folder: string): string {
  if (existsSync(join(folder, 'package.json'))) return folder;
  const parent = dirname(folder);
  if (parent === folder) throw new Error('the package.json of heddle is missing');
  return findPackageRoot(parent);
}

/** The absolute path of a file or folder of heddle's package, for example `recipes/`. */
export function packageFile(path: string): string {
  return join(packageRoot, path);
}

/**
 * The absolute path of a module below src/ that is started as a program, for example `lab/inside/main`; the built one if this code is
 * built.
 */
export function programFile(module: string): string {
  return packageFile(import.meta.filename.endsWith('.ts') ? `src/${module}.ts` : `dist/${module}.cjs`);
}
