import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The folder of heddle's package.json: how far up it lies depends on whether this code is bundled. */
const packageRoot = findPackageRoot(new URL('.', import.meta.url));

function findPackageRoot(folder: URL): URL {
  if (existsSync(new URL('package.json', folder))) return folder;
  const parent = new URL('..', folder);
  if (parent.href === folder.href) throw new Error('there is no package.json above heddle');
  return findPackageRoot(parent);
}

/** The absolute path of a file or folder of heddle's package, for example `recipes/`. */
export function packageFile(path: string): string {
  return fileURLToPath(new URL(path, packageRoot));
}

/** The absolute path of a module below src/ that is started as a program, for example `lab/inside/main`, built if this is. */
export function programFile(module: string): string {
  return packageFile(import.meta.url.endsWith('.ts') ? `src/${module}.ts` : `dist/${module}.js`);
}
