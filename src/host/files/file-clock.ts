import { lstat, statfs } from 'node:fs/promises';

/** The types of file systems whose times another machine sets, as statfs(2) numbers them: NFS, SMB, FUSE, Ceph, 9P, AFS, GFS2, OCFS2. */
const remoteTypes: readonly number[] = [
  0x6969, 0x517b, 0xff534d42, 0xfe534d42, 0x65735546, 0x00c36400, 0x01021997, 0x5346414f, 0x01161970,
  0x7461636f,
];

/**
 * The time by which this machine's clock is ahead of the clock of a file system, in milliseconds, as far as it shows without a write:
 * negative if a file is from the future, 0 for a file system of this machine, else undefined. Throws the system's error.
 *
 * @param directory a directory of the file system
 * @param files its files that are looked at; one that is missing is passed over
 * @param now this machine's time, in milliseconds since the epoch
 */
export async function readFileClockLead(
  directory: string,
  files: readonly string[],
  now: number,
): Promise<number | undefined> {
  const { type } = await statfs(directory);
  let newest = now;
  for (const file of [directory, ...files]) {
    const stats = await lstat(file).catch(() => undefined);
    newest = Math.max(newest, stats?.mtimeMs ?? 0);
  }
  if (newest > now) return now - newest;
  return remoteTypes.includes(type) ? undefined : 0;
}
