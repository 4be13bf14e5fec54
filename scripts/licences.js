import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The licences of the packages whose code is in a bundle, as one text.
 * @param {string} root the checkout @param {readonly string[]} inputs the files in the bundles, relative to the checkout
 */
export function licencesOf(root, inputs) {
  const folders = new Set(
    inputs.flatMap((path) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []),
  );
  return [...folders]
    .sort()
    .map((folder) => describe(join(root, folder)))
    .join('');
}

/** @param {string} folder of a package */
function describe(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const files = readdirSync(folder).filter((file) => /^(?:licen[cs]e|notice|copying)/i.test(file));
  const texts = files
    .filter((file) => existsSync(join(folder, file)))
    .map((file) => readFileSync(join(folder, file), 'utf8').trim());
  return `${'='.repeat(72)}\n${name} ${version} (${license})\n\n${texts.join('\n\n') || 'Its package has no text of the licence.'}\n\n`;
}
