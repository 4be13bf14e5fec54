// What a release has: the name of each file. Nothing here reads or writes.

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
