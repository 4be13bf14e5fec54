import { access, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MacPolicies } from '../facts.ts';

/** The directories of .link files: a file in an earlier one replaces those of its name in later ones. */
const directories = [
  '/etc/systemd/network',
  '/run/systemd/network',
  '/usr/local/lib/systemd/network',
  '/usr/lib/systemd/network',
];

/** Reads the files by which systemd-udevd decides about the MAC addresses of new devices (systemd.link(5)). */
export async function readMacPolicies(): Promise<MacPolicies> {
  const paths = new Map<string, string>();
  for (const directory of directories) {
    for (const name of await readdir(directory).catch(() => [])) {
      if (name.endsWith('.link') && !paths.has(name)) paths.set(name, join(directory, name));
    }
  }
  const sorted = [...paths].sort(([one], [other]) => (one < other ? -1 : 1));
  const files = await Promise.all(
    sorted.map(async ([, path]) => ({ path, text: await readFile(path, 'utf8').catch(() => '') })),
  );
  const isUdevRunning = await access('/run/udev/control').then(
    () => true,
    () => false,
  );
  return { isUdevRunning, files };
}
