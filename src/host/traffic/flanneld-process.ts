import { readdir, readFile, readlink } from 'node:fs/promises';

/** Whether a flanneld runs in the network namespace of this process, as far as this process can see. */
export async function isFlanneldHere(): Promise<boolean> {
  const own = await readlink('/proc/self/ns/net').catch(() => undefined);
  for (const entry of await readdir('/proc').catch(() => [])) {
    if (!/^\d+$/.test(entry)) continue;
    const name = await readFile(`/proc/${entry}/comm`, 'utf8').catch(() => '');
    if (name !== 'flanneld\n') continue;
    if ((await readlink(`/proc/${entry}/ns/net`).catch(() => undefined)) === own) return true;
  }
  return false;
}
