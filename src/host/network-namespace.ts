import { readFileSync, readlinkSync } from 'node:fs';
import { readdir, readFile, readlink } from 'node:fs/promises';

/** A network namespace. The values are unique at any time, but a later namespace may have the name of one that is gone. */
export interface NetworkNamespace {
  /** The id of the machine's boot. After the next boot, none of the earlier namespaces is left. */
  readonly bootId: string;
  /** The name in /proc: `net:[4026531840]`. */
  readonly name: string;
}

/** The network namespace of this process; undefined if /proc does not show it. */
export function ownNetworkNamespace(): NetworkNamespace | undefined {
  try {
    return {
      bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
      name: readlinkSync('/proc/self/ns/net'),
    };
  } catch {
    return undefined;
  }
}

/** Whether a namespace is another one than this process's, so that objects in it may be out of reach. */
export function isElsewhere(namespace: NetworkNamespace): boolean {
  const own = ownNetworkNamespace();
  return own?.bootId === namespace.bootId && own.name !== namespace.name;
}

/**
 * A path through which a network namespace can be entered: its mount, or a process in it. Undefined if none is visible from here. The
 * namespace may still exist then, because other PID and mount namespaces may hold it.
 */
export async function findNetworkNamespace({ name }: NetworkNamespace): Promise<string | undefined> {
  return (await findMount(name)) ?? (await findProcess(name));
}

/** Finds the mount of a namespace in proc_pid_mountinfo(5): the fourth field is the namespace's name, the fifth its mount point. */
async function findMount(name: string): Promise<string | undefined> {
  const mounts = await readFile('/proc/self/mountinfo', 'utf8').catch(() => '');
  const fields = mounts.split('\n').map((line) => line.split(' '));
  return fields.find((mount) => mount[3] === name)?.[4];
}

async function findProcess(name: string): Promise<string | undefined> {
  const paths = (await readdir('/proc').catch(() => []))
    .filter((entry) => /^\d+$/.test(entry))
    .map((pid) => `/proc/${pid}/ns/net`);
  for (const path of paths) {
    // The process may be gone, or belong to another user.
    if ((await readlink(path).catch(() => undefined)) === name) return path;
  }
  return undefined;
}
