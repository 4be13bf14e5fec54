import { readdir, readFile } from 'node:fs/promises';
import type { Family } from '../../network/cidr.ts';
import { hasErrorCode } from '../system-error.ts';

/** Names below `conf` that are not devices, and the loopback device, whose packets are not forwarded. */
const notDevices = ['all', 'default', 'lo'];

/**
 * Whether the kernel forwards packets of a family between devices of this network namespace: for all devices, or for one of them at least.
 * True if the kernel does not have the family or does not tell.
 *
 * @param root in place of `/proc/sys/net`
 */
export async function isForwarding(family: Family, root = '/proc/sys/net'): Promise<boolean> {
  const directory = `${root}/ipv${family}/conf`;
  const forwards = async (device: string): Promise<boolean> =>
    (await readFile(`${directory}/${device}/forwarding`, 'utf8')).trim() !== '0';
  try {
    if (await forwards('all')) return true;
    for (const device of await readdir(directory)) {
      // A device may go meanwhile.
      if (!notDevices.includes(device) && (await forwards(device).catch(() => false))) return true;
    }
    return false;
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT', 'EACCES', 'EPERM')) return true;
    throw error;
  }
}
