import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import ts from 'typescript';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The packages that the files below a folder import, statically or not, types included. */
function packagesOf(folder: string): string[] {
  const files = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
  const imported = files
    .filter((file) => file.endsWith('.ts'))
    .map((file) => ts.preProcessFile(readFileSync(join(root, folder, file), 'utf8'), true, true))
    .flatMap(({ importedFiles }) => importedFiles.map(({ fileName }) => fileName))
    .filter((name) => !name.startsWith('.') && !isBuiltin(name));
  return [...new Set(imported.map(packageName))].sort();
}

/** `@grpc/grpc-js` of `@grpc/grpc-js/build/x`, `zod` of `zod/mini`. */
function packageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

test('the dependencies of package.json are the packages that src imports', () => {
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  assert.deepEqual(packagesOf('src'), Object.keys(dependencies).sort());
});
