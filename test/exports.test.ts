import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { findExports, findImports, type ModuleImport } from './support/exports.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Exports that no import names, and who uses them. */
const usedOtherwise: Readonly<Record<string, string>> = {
  'src/start.ts start': 'the small programs in dist, which scripts/build.js writes',
  'scripts/test/reporter.js default': 'node:test, as a reporter',
};

const modules = ['src', 'test', 'bench', 'scripts'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.[jt]s$/.test(file))
    .map((file) => {
      const path = join(folder, file);
      const text = readFileSync(join(root, path), 'utf8');
      return { path, exports: findExports(text), imports: findImports(text) };
    }),
);

/** The names that other modules import from each; `*` stands for all. */
function findUses(): Map<string, Set<string>> {
  const uses = new Map<string, Set<string>>();
  for (const { path, imports } of modules) {
    for (const { from, names } of imports.filter(isOwn)) {
      const target = relative(root, resolve(root, path, '..', from));
      const known = uses.get(target) ?? new Set<string>();
      uses.set(target, known);
      for (const name of names) known.add(name);
    }
  }
  return uses;
}

function isOwn({ from }: ModuleImport): boolean {
  return from.startsWith('.');
}

test('each export is imported by another file', () => {
  const uses = findUses();
  const unused = modules.flatMap(({ path, exports }) => {
    const used = uses.get(path);
    return exports.filter((name) => !used?.has('*') && !used?.has(name)).map((name) => `${path} ${name}`);
  });
  assert.deepEqual(unused.sort(), Object.keys(usedOtherwise).sort());
});

test('a name is exported by one file only, since one name means one thing', () => {
  const owners = new Map<string, string[]>();
  for (const { path, exports } of modules) {
    for (const name of exports) owners.set(name, [...(owners.get(name) ?? []), path]);
  }
  owners.delete('default');
  assert.deepEqual(
    [...owners].filter(([, paths]) => paths.length > 1),
    [],
  );
});

test('the search for exports and imports finds each form', () => {
  const text = `
    import type { First } from './a.ts';
    import second, { third as fourth } from './b.ts';
    import * as all from './c.ts';
    export { fifth as sixth } from './d.ts';
    const later = import('./e.ts');
    const { tenth, eleventh: twelfth } = await import('./f.ts');
    export const [seventh, { eighth: ninth }] = later;
    export default class Thirteenth {}
    export interface Fourteenth {}
    function local() {}
  `;
  assert.deepEqual(findExports(text), ['seventh', 'ninth', 'default', 'Fourteenth']);
  assert.deepEqual(findImports(text), [
    { from: './a.ts', names: ['First'] },
    { from: './b.ts', names: ['default', 'third'] },
    { from: './c.ts', names: ['*'] },
    { from: './d.ts', names: ['fifth'] },
    { from: './f.ts', names: ['tenth', 'eleventh'] },
    { from: './e.ts', names: ['*'] },
  ]);
});
