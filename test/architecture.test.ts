import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import ts from 'typescript';
import { exitCodes } from '../src/diagnostic/failure.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const page = readFileSync(join(root, 'docs/architecture.md'), 'utf8');

interface Row {
  readonly folder: string;
  readonly imports: string;
}

/** The table "Source tree" of the page. */
const rows: Row[] = page
  .split('\n')
  .flatMap((line) => /^\| `([^`]+)` \|.*\| ([^|]*) \|$/.exec(line)?.slice(1, 3) ?? [])
  .reduce<Row[]>(
    (all, cell, at, cells) => (at % 2 === 0 ? [...all, { folder: cell, imports: cells[at + 1] ?? '' }] : all),
    [],
  )
  .filter(({ folder }) => !folder.includes(' ') && statOrNone(folder));

function statOrNone(folder: string): boolean {
  try {
    return statSync(join(root, folder)).isDirectory();
  } catch {
    return false;
  }
}

const sourceFolders = readdirSync(join(root, 'src'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(path) : path.endsWith('.ts') ? [path] : [];
  });
}

/** Every module that a file imports, statically or not, types included. */
function importsOf(file: string): string[] {
  return ts
    .preProcessFile(readFileSync(file, 'utf8'), true, true)
    .importedFiles.map(({ fileName }) => fileName);
}

/** The folders of src that a row of the page lets a folder import. */
function allowedImports({ imports }: Row): Set<string> {
  if (imports === 'everything') return new Set(sourceFolders);
  const except = /^all but (.*)$/.exec(imports)?.[1]?.split(/, | and /);
  if (except !== undefined) return new Set(sourceFolders.filter((folder) => !except.includes(folder)));
  return new Set(imports.split(', '));
}

test('docs/architecture.md lists every folder of src, and no other', () => {
  const listed = rows.map(({ folder }) => folder).filter((folder) => folder.startsWith('src/'));
  assert.deepEqual(listed.sort(), sourceFolders.map((folder) => `src/${folder}`).sort());
});

for (const row of rows.filter(({ folder }) => folder.startsWith('src/'))) {
  test(`${row.folder} imports only what docs/architecture.md says`, () => {
    const allowed = allowedImports(row);
    const own = row.folder.slice('src/'.length);
    for (const file of filesBelow(join(root, row.folder))) {
      for (const imported of importsOf(file).filter((name) => name.startsWith('.'))) {
        const target = relative(join(root, 'src'), resolve(file, '..', imported));
        const folder = target.split('/')[0] ?? '';
        assert.ok(folder === own || allowed.has(folder), `${relative(root, file)} imports ${target}`);
      }
    }
  });
}

test('tsconfig.pure.json and eslint.config.js name the same pure folders as the page', () => {
  const config = ts.readConfigFile(join(root, 'tsconfig.pure.json'), (path) => readFileSync(path, 'utf8'));
  const compiled = (config.config as { include: string[] }).include
    .map((path) => path.replace('src/', ''))
    .sort();
  const linted =
    /pureFolders = \[([^\]]*)\]/.exec(readFileSync(join(root, 'eslint.config.js'), 'utf8'))?.[1] ?? '';
  assert.deepEqual([...linted.matchAll(/'([^']+)'/g)].map((match) => match[1]).sort(), compiled);
  const marked = [...page.matchAll(/^\| `src\/([^`]+)` \| pure:/gm)].map((match) => match[1]);
  assert.deepEqual([...marked, 'lab/plan'].sort(), compiled);
});

test('docs/operations.md has every exit code, and the right one', () => {
  const operations = readFileSync(join(root, 'docs/operations.md'), 'utf8');
  const table = [...operations.matchAll(/^\| (\d+) \| `([a-z-]+)` \|/gm)].map((match) => [
    match[2],
    Number(match[1]),
  ]);
  assert.deepEqual(table, Object.entries(exitCodes));
});
