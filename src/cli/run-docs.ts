import { Failure } from '../diagnostic/failure.ts';
import { nearestName } from '../diagnostic/nearest.ts';
import { isPackageFile, namesInFolder, packageFile, readPackageText } from '../host/files/package-files.ts';
import { renderTable } from './terminal/table.ts';

/** A page, its path in heddle's package, and what it is about. */
interface Page {
  readonly name: string;
  readonly path: string;
  readonly about: string;
}

/** All pages, in the order of the list. Not every installation has all: the licence of Node is only in the single executable. */
const pages: readonly Page[] = [
  { name: 'readme', path: 'README.md', about: 'what heddle is, how to install it, how fast it is' },
  { name: 'recipes', path: 'docs/recipes.md', about: 'write a recipe: tutorial, contract, each finding' },
  {
    name: 'backends',
    path: 'docs/backends.md',
    about: 'choose a backend: parameters, ports, kernel entries',
  },
  {
    name: 'lab',
    path: 'docs/lab.md',
    about: 'try a recipe on one machine, and look for the cause of a loss',
  },
  { name: 'from-flanneld', path: 'docs/from-flanneld.md', about: 'replace flanneld' },
  { name: 'kubernetes', path: 'docs/kubernetes.md', about: 'run heddle in a cluster' },
  {
    name: 'operations',
    path: 'docs/operations.md',
    about: 'run heddle: options, states, events, exit codes',
  },
  { name: 'json-output', path: 'docs/json-output.md', about: 'what --json prints, with the schemas' },
  { name: 'architecture', path: 'docs/architecture.md', about: 'how the source code is divided' },
  { name: 'security', path: 'SECURITY.md', about: 'what heddle trusts, and the sandbox of its service' },
  { name: 'changelog', path: 'CHANGELOG.md', about: 'what each version changed' },
  { name: 'license', path: 'LICENSE', about: 'the licence of heddle' },
  { name: 'library-licences', path: 'dist/licences.txt', about: 'the licences of the libraries in heddle' },
  { name: 'node-licence', path: 'licences/node.txt', about: 'the licence of the Node in heddle' },
];

/** The folders below heddle's package whose files pages link to. */
const linkedFolders = ['docs/schemas/', 'docs/topologies/', 'recipes/', 'scenarios/'];

/** Prints the names of the pages that this installation has. */
export function listPages(): void {
  const rows = installedPages().map(({ name, about }) => [name, about]);
  process.stdout.write(renderTable(['PAGE', 'ABOUT'], rows));
}

/** Prints a page, or a file that a page links to. Throws a Failure if heddle does not have it. */
export function printPage(wanted: string): void {
  const path = findFile(wanted.replace(/^\.\//, ''));
  if (path === undefined) throw unknownPage(wanted);
  process.stdout.write(readPackageText(packageFile(path)));
}

function installedPages(): readonly Page[] {
  return pages.filter(({ path }) => isPackageFile(packageFile(path)));
}

function findFile(wanted: string): string | undefined {
  const page = installedPages().find(({ name, path }) =>
    [name, path, path.replace('docs/', '')].includes(wanted),
  );
  if (page !== undefined) return page.path;
  const files = linkedFolders.flatMap((folder) =>
    namesInFolder(packageFile(folder)).map((name) => folder + name),
  );
  // Pages in docs/ name the files of its folders from there.
  return files.find((file) => file === wanted || file === `docs/${wanted}`);
}

function unknownPage(wanted: string): Failure {
  const nearest = nearestName(
    wanted,
    installedPages().map(({ name }) => name),
  );
  const suggestion = nearest === undefined ? '' : `did you mean ${nearest}? `;
  return new Failure('usage', `heddle does not have a page ${JSON.stringify(wanted)}`, {
    hint: `${suggestion}heddle docs lists the pages`,
  });
}
