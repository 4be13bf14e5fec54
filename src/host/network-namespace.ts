import { readFileSync, readlinkSync } from 'node:fs';
import { readdir, readFile, readlink } from 'node:fs/promises';

/** A network namespace, told from all others that there are at one time. Once it is gone, another may have its name. */
export interface NetworkNamespace {
  /** The machine's start that it belongs to: after the next one no namespace of before is left. */
  readonly bootId: string;
  /** As /proc shows it: `net:[4026531840]`. */
  readonly name: string;
}

/** The network namespace of this process; undefined where /proc does not tell. */
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

/** Whether what was done there may stand where this process cannot reach it. */
export function isElsewhere(namespace: NetworkNamespace): boolean {
  const own = ownNetworkNamespace();
  return own?.bootId === namespace.bootId && own.name !== namespace.name;
}

/**
 * A path by which a network namespace can be entered: of a mount, or of a process in it. Undefined if none is seen from
 * here, which does not say that it is gone: other PID and mount namespaces may hold it.
 */
export async function findNetworkNamespace({ name }: NetworkNamespace): Promise<string | undefined> {
  return (await findMount(name)) ?? (await findProcess(name));
}

/** proc_pid_mountinfo(5): the fourth field of a mounted namespace is its name, the fifth where it is mounted. */
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
    // Gone by now, or another user's.
    if ((await readlink(path).catch(() => undefined)) === name) return path;
  }
  return undefined;
}
