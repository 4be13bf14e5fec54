import { closeSync, constants, openSync, readFileSync } from 'node:fs';

/**
 * Whether a directory is on a mount that is read-only in this process's mount namespace, like a ConfigMap in a pod: kubelet gives the volume
 * the mode 0777, but nobody can write to it through the mount. False if that cannot be found out.
 */
export function isOnReadOnlyMount(directory: string): boolean {
  try {
    // The kernel tells the mount of an open file. A path may have several mounts on top of each other.
    const opened = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    try {
      const [, mount] = /^mnt_id:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${opened}`, 'utf8')) ?? [];
      return mount !== undefined && isReadOnly(mount, readFileSync('/proc/self/mountinfo', 'utf8'));
    } finally {
      closeSync(opened);
    }
  } catch {
    return false;
  }
}

/** Looks a mount up by its number. Either the mount or its whole file system is read-only; see proc_pid_mountinfo(5). */
function isReadOnly(mount: string, mountinfo: string): boolean {
  const line = mountinfo.split('\n').find((each) => each.startsWith(`${mount} `));
  if (line === undefined) return false;
  const [ofMount = '', ofFileSystem = ''] = line.split(' - ');
  const options = [ofMount.split(' ')[5], ofFileSystem.split(' ')[2]];
  return options.some((list) => list?.split(',').includes('ro'));
}
