import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { npmFile } from './release.js';
import { checkout, heddleVersion } from './checkout.js';
import { runHelper } from './run-helper.js';

/**
 * Packs the npm package, and returns its file. package.json says what is in it.
 * @param {string} directory where the file goes @returns {string}
 */
export function packForNpm(directory) {
  mkdirSync(directory, { recursive: true });
  runHelper('npm', ['pack', '--loglevel', 'error', '--pack-destination', directory], { cwd: checkout });
  return join(directory, npmFile(heddleVersion));
}
