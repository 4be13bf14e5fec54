import { packageFile, readPackageText } from './files/package-files.ts';

let version: string | undefined;

/** The version of this package. */
export function readVersion(): string {
  version ??= (JSON.parse(readPackageText(packageFile('package.json'))) as { version: string }).version;
  return version;
}
