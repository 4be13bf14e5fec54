import { readFileSync } from 'node:fs';
import { packageFile } from './files/package-files.ts';

let version: string | undefined;

/** The version of this package. */
export function readVersion(): string {
  version ??= (JSON.parse(readFileSync(packageFile('package.json'), 'utf8')) as { version: string }).version;
  return version;
}
