import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import ts from 'typescript';
import { exitCodes } from '../src/diagnostic/failure.ts';
import { findCycles } from './support/cycles.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const source = join(root, 'src');
const page = readFileSync(join(root, 'docs/architecture.md'), 'utf8');

/** The largest number of files in a folder that a reader takes in at a glance. */
const mostFiles = 16;

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(path) : path.endsWith('.ts') ? [path] : [];
  });
}

/** Every module of src that a file imports, statically or not, types included; paths below src. */
function importsOf(file: string): string[] {
  return ts
    .preProcessFile(readFileSync(file, 'utf8'), true, true)
    .importedFiles.map(({ fileName }) => fileName)
    .filter((name) => name.startsWith('.'))
    .map((name) => relative(source, resolve(file, '..', name)));
}

const imports = new Map(filesBelow(source).map((file) => [relative(source, file), importsOf(file)]));

/** The arrows between folders, where `roomOf` says which folder a file counts to; undefined: none. */
function arrows(roomOf: (file: string) => string | undefined): Map<string, Set<string>> {
  const all = new Map<string, Set<string>>();
  for (const [file, targets] of imports) {
    const from = roomOf(file);
    if (from === undefined) continue;
    const ofRoom = all.get(from) ?? new Set<string>();
    all.set(from, ofRoom);
    for (const to of targets.map(roomOf)) if (to !== undefined && to !== from) ofRoom.add(to);
  }
  return all;
}

const topRoom = (file: string): string | undefined => (file.includes('/') ? file.split('/')[0] : undefined);
const daemonRoom = (file: string): string | undefined => {
  const [top, room, name] = file.split('/');
  return top === 'daemon' && name !== undefined ? room : undefined;
};

/** The rows of the table below a heading: folder, and what it imports. */
function rowsBelow(heading: string): Map<string, string[]> {
  const section = page.split(`## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const rows = [...section.matchAll(/^\| `([^`]+)\/` \|.*\| ([^|]*) \|$/gm)];
  return new Map(
    rows.map(([, folder = '', list = '']) => [folder, list === '–' ? [] : list.split(', ').sort()]),
  );
}

function sorted(all: ReadonlyMap<string, ReadonlySet<string>>): Record<string, string[]> {
  const entries = [...all].map(([room, targets]) => [room, [...targets].sort()] as const);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function asRecord(rows: ReadonlyMap<string, string[]>): Record<string, string[]> {
  return Object.fromEntries([...rows].sort(([a], [b]) => (a < b ? -1 : 1)));
}

test('the source tree of docs/architecture.md has the folders and arrows of src, and no other', () => {
  assert.deepEqual(asRecord(rowsBelow('Source tree')), sorted(arrows(topRoom)));
});

test('the rooms of the daemon in docs/architecture.md have the arrows of src/daemon, and no other', () => {
  assert.deepEqual(asRecord(rowsBelow('The rooms of the daemon')), sorted(arrows(daemonRoom)));
});

test('no file, folder or room of the daemon imports itself by way of others, types included', () => {
  assert.deepEqual(findCycles(imports), []);
  assert.deepEqual(findCycles(arrows(topRoom)), []);
  assert.deepEqual(findCycles(arrows(daemonRoom)), []);
});

test('the search for cycles finds one', () => {
  const ring = new Map([
    ['a', ['b']],
    ['b', ['c', 'd']],
    ['c', ['a']],
    ['d', []],
  ]);
  assert.deepEqual(
    findCycles(ring).map((cycle) => [...cycle].sort()),
    [['a', 'b', 'c']],
  );
});

test('the drawing of docs/architecture.md has every folder once, each above all that it imports', () => {
  const drawing = /```layers\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
  const layers = drawing
    .trim()
    .split('\n')
    .map((line) => line.split(/\s+/).filter((word) => word !== ''));
  const levels = new Map(layers.flatMap((names, level) => names.map((name) => [name, level] as const)));
  assert.equal(levels.size, layers.flat().length, 'a folder stands twice');
  const all = arrows(topRoom);
  assert.deepEqual([...levels.keys()].sort(), [...all.keys()].sort());
  for (const [from, targets] of all) {
    for (const to of targets) {
      assert.ok((levels.get(from) ?? 0) < (levels.get(to) ?? 0), `${from} stands above ${to}`);
    }
  }
});

test('a folder of src holds neither many files nor one or two', () => {
  const sizes = new Map<string, number>();
  for (const file of imports.keys()) sizes.set(dirname(file), (sizes.get(dirname(file)) ?? 0) + 1);
  const hasFolders = (folder: string): boolean =>
    [...sizes.keys()].some((other) => other !== folder && (folder === '.' || other.startsWith(`${folder}/`)));
  for (const [folder, size] of sizes) {
    assert.ok(size <= mostFiles, `src/${folder} holds ${size} files`);
    // What lies above other folders is the way into them.
    assert.ok(size >= 3 || hasFolders(folder), `src/${folder} holds only ${size} files`);
  }
});

test('no file only hands on what others export', () => {
  for (const file of imports.keys()) {
    const text = readFileSync(join(source, file), 'utf8');
    const statements = ts.createSourceFile(file, text, ts.ScriptTarget.Latest).statements;
    const handsOn = statements.every(
      (statement) => ts.isExportDeclaration(statement) && statement.moduleSpecifier !== undefined,
    );
    assert.ok(!handsOn, `src/${file} is a barrel`);
  }
});

/** Names that only Node declares, and functions whose result differs from call to call. */
const impureNames =
  /^(process|Buffer|NodeJS|console|performance|fetch|Abort(Controller|Signal)|URL|Text(De|En)coder|(set|clear)(Timeout|Interval|Immediate))$/;
const impureCalls = ['Date.now', 'Math.random'];

/** The packages that a file imports, and whether it uses something that only Node has. */
function outsideOf(file: string): { readonly packages: readonly string[]; readonly usesNode: boolean } {
  const text = readFileSync(join(source, file), 'utf8');
  const names = ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName);
  let usesNode = false;
  const look = (node: ts.Node): void => {
    if (ts.isIdentifier(node) && impureNames.test(node.text)) usesNode = true;
    if (ts.isPropertyAccessExpression(node) && impureCalls.includes(node.getText())) usesNode = true;
    if (ts.isNewExpression(node) && node.getText() === 'new Date()') usesNode = true;
    ts.forEachChild(node, look);
  };
  look(ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true));
  return { packages: names.filter((name) => !name.startsWith('.')), usesNode };
}

/** What tsconfig.pure.json lists, below src: folders, and files of other folders. */
function listPure(): { readonly folders: readonly string[]; readonly files: readonly string[] } {
  const config = ts.readConfigFile(join(root, 'tsconfig.pure.json'), (path) => readFileSync(path, 'utf8'));
  const listed = (config.config as { include: string[] }).include.filter((path) => path.startsWith('src/'));
  const paths = listed.map((path) => path.slice('src/'.length));
  return {
    folders: paths.filter((path) => !path.endsWith('.ts')),
    files: paths.filter((path) => path.endsWith('.ts')),
  };
}

test('the folders that the page calls pure are those of tsconfig.pure.json', () => {
  const marked = [...page.matchAll(/^\| `([^`]+)\/` \| pure:/gm)].map((match) => match[1]);
  const doctor = ['doctor/devices', 'doctor/findings', 'doctor/firewall'];
  const inside = [...doctor, 'lab/plan', 'lab/trace/walk', 'waves/tools'];
  assert.deepEqual([...marked, ...inside].sort(), [...listPure().folders].sort());
});

test('what is pure imports only what is pure', () => {
  const { folders, files } = listPure();
  const isPure = (file: string): boolean =>
    files.includes(file) || folders.some((folder) => file.startsWith(`${folder}/`));
  for (const file of files)
    assert.ok(imports.has(file), `tsconfig.pure.json lists src/${file}, which is gone`);
  for (const [file, targets] of imports) {
    if (!isPure(file)) continue;
    assert.deepEqual(
      targets.filter((target) => !isPure(target)),
      [],
      `src/${file} is pure`,
    );
  }
});

test('every file that only computes is in tsconfig.pure.json, wherever it lies', () => {
  const { folders, files } = listPure();
  const isListed = (file: string): boolean =>
    files.includes(file) || folders.some((folder) => file.startsWith(`${folder}/`));
  const all = [...imports.keys()];
  const outside = new Map(all.map((file) => [file, outsideOf(file)]));
  const purePackages = new Set(all.filter(isListed).flatMap((file) => outside.get(file)?.packages ?? []));
  const computes = (file: string): boolean => {
    const { packages = [], usesNode = true } = outside.get(file) ?? {};
    return !usesNode && packages.every((name) => purePackages.has(name));
  };
  let unlisted = all.filter((file) => !isListed(file) && computes(file));
  const importsOnlyPure = (file: string): boolean =>
    (imports.get(file) ?? []).every((target) => isListed(target) || unlisted.includes(target));
  // A file that imports one that acts does not only compute. Neither does a file that imports that file.
  while (!unlisted.every(importsOnlyPure)) unlisted = unlisted.filter(importsOnlyPure);
  assert.deepEqual(unlisted, []);
});

test('every file and folder of src and test that the page names is there', () => {
  const named = [...page.matchAll(/`((?:src|test|scripts|docs|bench)\/[\w./-]+)`/g)].map(
    (match) => match[1] ?? '',
  );
  assert.ok(named.length > 20);
  assert.deepEqual(
    named.filter((path) => !existsSync(join(root, path))),
    [],
  );
});

/** The classes that a file declares at its top level, and exports. */
function exportedClasses(path: string): string[] {
  const { statements } = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest);
  return statements.flatMap((statement) => {
    const isClass = ts.isClassDeclaration(statement) && statement.name !== undefined;
    const isExported =
      isClass && statement.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
    return isExported === true ? [statement.name.text] : [];
  });
}

/** The names that a file imports, types included. */
function importedNames(path: string): string[] {
  const { statements } = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest);
  return statements.flatMap((statement) => {
    const bindings = ts.isImportDeclaration(statement) ? statement.importClause?.namedBindings : undefined;
    if (bindings === undefined || !ts.isNamedImports(bindings)) return [];
    return bindings.elements.map(({ name, propertyName }) => (propertyName ?? name).text);
  });
}

test('every class of src/daemon is driven by the test file of its name, which needs no root', () => {
  const daemon = join(source, 'daemon');
  const files = filesBelow(daemon).filter((file) => exportedClasses(file).length > 0);
  assert.ok(files.length > 20);
  const untested = files.flatMap((file) => {
    const mirror = join(root, 'test/daemon', relative(daemon, file).replace(/\.ts$/, '.test.ts'));
    const driven = existsSync(mirror) ? importedNames(mirror) : [];
    return exportedClasses(file).filter((name) => !driven.includes(name));
  });
  assert.deepEqual(untested, []);
});

test('docs/operations.md has every exit code, and the right one', () => {
  const operations = readFileSync(join(root, 'docs/operations.md'), 'utf8');
  const table = [...operations.matchAll(/^\| (\d+) \| `([a-z-]+)` \|/gm)].map((match) => [
    match[2],
    Number(match[1]),
  ]);
  assert.deepEqual(table, Object.entries(exitCodes));
});
