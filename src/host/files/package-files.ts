import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isSea } from 'node:sea';
import { readAsset } from './executable-assets.ts';
import { programOption } from './program-option.ts';

/*
 * heddle is installed as a package of files, or as one executable that holds them. In an executable, the path of a file is below that of
 * the executable itself: `/usr/bin/heddle/recipes/vxlan.json`. Only the functions here can read such a path.
 */

/** The executable that holds heddle's files; undefined if they are files of their own. */
const executable: string | undefined = isSea() ? process.execPath : undefined;

/** The folder of heddle's package.json, or the executable. In a checkout, the number of levels depends on whether this code is bundled. */
const packageRoot = executable ?? findPackageRoot(import.meta.dirname);

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
 * The folder of the included recipes, with a slash at its end. Debian's package has them in a folder next to the executable's, where people
 * can read them; they are those in the executable.
 */
export function includedRecipes(): string {
  const shared = executable === undefined ? '' : join(dirname(executable), '../share/heddle/recipes/');
  return shared !== '' && existsSync(shared) ? shared : packageFile('recipes/');
}

/** The file that holds heddle's own code: who can write it decides what heddle does. */
export function ownCodeFile(): string {
  return executable ?? import.meta.filename;
}

/** The path of a file within the executable; undefined for a file of its own. */
function pathInside(path: string): string | undefined {
  return executable !== undefined && path.startsWith(`${executable}/`)
    ? path.slice(executable.length + 1)
    : undefined;
}

/** Whether a file is within the executable, so that the file system does not have it. */
export function isInsideExecutable(path: string): boolean {
  return pathInside(path) !== undefined;
}

/** Reads a text of heddle's package. Throws the system's error, or one that says that the executable does not hold the file. */
export function readPackageText(path: string): string {
  const inside = pathInside(path);
  return inside === undefined ? readFileSync(path, 'utf8') : readInside(inside);
}

function readInside(path: string): string {
  const content = readAsset(path);
  if (content === undefined) throw new Error(`the executable ${executable} does not hold ${path}`);
  return content.toString('utf8');
}

/** Whether a path of heddle's package, or of another folder, has a file. */
export function isPackageFile(path: string): boolean {
  const inside = pathInside(path);
  return inside === undefined ? existsSync(path) : insideFiles().includes(inside);
}

/** The names of the files in a folder of heddle's package, or in another folder; none if it is missing. */
export function namesInFolder(folder: string): readonly string[] {
  const inside = pathInside(folder);
  if (inside === undefined) return existsSync(folder) ? readdirSync(folder) : [];
  const names = insideFiles()
    .filter((path) => path.startsWith(inside))
    .map((path) => path.slice(inside.length));
  return names.filter((name) => name !== '' && !name.includes('/'));
}

/** The paths of all files in the executable. scripts/package/executable.js writes the list. */
function insideFiles(): readonly string[] {
  return JSON.parse(readInside('files.json')) as readonly string[];
}

/**
 * The command that runs a module below src/ as a program, for example `lab/inside/main`; the built one if this code is built. Arguments may
 * follow.
 */
export function programCommand(module: string): readonly [string, ...string[]] {
  if (executable !== undefined) return [executable, `${programOption}${module}`];
  const file = import.meta.filename.endsWith('.ts') ? `src/${module}.ts` : `dist/${module}.cjs`;
  return [process.execPath, ...process.execArgv, packageFile(file)];
}

/** The command that runs heddle in the same way as this process; undefined if that is not known. */
export function heddleCommand(): readonly [string, ...string[]] | undefined {
  const [, main] = process.argv;
  if (executable !== undefined) return [executable];
  return main === undefined ? undefined : [process.execPath, ...process.execArgv, main];
}
