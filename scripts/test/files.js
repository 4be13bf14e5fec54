import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** The tests that make namespaces, mount, or give files away. No other test needs root. */
const rootFolder = 'test/kernel/';

/** Whether a test file needs root. @param {string} file relative to the checkout */
export function needsRoot(file) {
  return file.startsWith(rootFolder);
}

/**
 * The test files below a folder, in alphabetical order.
 * @param {string} root the directory of the checkout @param {string} folder relative to it @returns {string[]}
 */
export function findTestFiles(root, folder = 'test') {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) return findTestFiles(root, path);
      return entry.name.endsWith('.test.ts') ? [path] : [];
    })
    .sort();
}

/** The folder that a test file is counted under: `test/store`, or `test` itself. @param {string} file */
export function topFolder(file) {
  return file.split('/').slice(0, -1).slice(0, 2).join('/');
}
