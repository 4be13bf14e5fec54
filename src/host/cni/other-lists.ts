import { readdirSync } from 'node:fs';

/** The names of the files that a container runtime reads. */
const readNames = /\.(conf|conflist|json)$/;

/** The files of a directory from which a container runtime takes the first, in the order of their names. Empty if the directory cannot be read. */
export function listConfigurations(directory: string): readonly string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => !entry.isDirectory() && readNames.test(entry.name))
      .map(({ name }) => name)
      .sort();
  } catch {
    return [];
  }
}
