// What a release has: the name of each file. Nothing here reads or writes.

/** The processors that heddle is packaged for, as Node names them. */
export const processors = /** @type {const} */ (['x64', 'arm64']);

/** @typedef {typeof processors[number]} Processor */

/** The file that lists the checksums of the others. */
export const checksumFile = 'SHA256SUMS';

/** The name that `npm pack` gives its file. @param {string} version */
export function npmFile(version) {
  return `heddle-${version}.tgz`;
}

/**
 * The text of the checksum file, as `sha256sum --check` reads it.
 * @param {readonly { name: string, sha256: string }[]} files
 */
export function formatChecksums(files) {
  const sorted = [...files].sort((a, b) => (a.name < b.name ? -1 : 1));
  return sorted.map(({ name, sha256 }) => `${sha256}  ${name}\n`).join('');
}

/** The name of a single executable. @param {string} version @param {Processor} processor */
export function executableFile(version, processor) {
  return `heddle-${version}-linux-${processor}`;
}

/** The most bytes that an executable may have, and the most when xz has compressed it. */
export const largestExecutable = { bytes: 125_000_000, compressed: 35_000_000 };
