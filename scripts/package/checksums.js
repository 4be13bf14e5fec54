import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checksumFile, formatChecksums } from './release.js';

/** Writes the checksum of every other file of a directory. @param {string} directory */
export function writeChecksums(directory) {
  const files = readdirSync(directory)
    .filter((name) => name !== checksumFile)
    .map((name) => ({ name, sha256: sha256(join(directory, name)) }));
  writeFileSync(join(directory, checksumFile), formatChecksums(files));
}

/** The SHA-256 of a file, in hexadecimal. @param {string} file */
function sha256(file) {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}
