#!/usr/bin/env node
// Runs every check and every test: types, purity, lint, formatting, then node's test runner over test/.
// `npm test -- PATTERN` runs only the test files whose path contains PATTERN.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [pattern] = process.argv.slice(2);
const bin = (/** @type {string} */ name) => join(root, 'node_modules', '.bin', name);

/** @param {string} label @param {string} command @param {string[]} args */
function check(label, command, args) {
  process.stdout.write(`# ${label}\n`);
  const { status } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) process.exitCode = 1;
}

/** @param {string} folder @returns {string[]} */
function testFiles(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return testFiles(path);
    return entry.name.endsWith('.test.ts') ? [path] : [];
  });
}

if (pattern === undefined) {
  check('types', bin('tsc'), ['-p', 'tsconfig.json']);
  check('pure folders know no Node', bin('tsc'), ['-p', 'tsconfig.pure.json']);
  check('lint', bin('eslint'), ['.']);
  check('formatting', bin('prettier'), ['--check', '--log-level=warn', '.']);
}
const files = testFiles('test').filter((file) => pattern === undefined || file.includes(pattern));
check(`${files.length} test files`, process.execPath, [
  '--import',
  'tsx',
  '--test',
  '--test-concurrency=2',
  '--test-reporter=spec',
  ...files.sort(),
]);
