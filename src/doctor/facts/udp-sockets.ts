import { readdir, readFile, readlink } from 'node:fs/promises';
import type { UdpSocket } from '../facts.ts';

/** Reads the UDP sockets of this network namespace that are bound to some ports. */
export async function readUdpSockets(ports: readonly number[]): Promise<readonly UdpSocket[]> {
  const [ipv4, ipv6] = await Promise.all([readTable('udp', 4), readTable('udp6', 6)]);
  const bound = [...ipv4, ...ipv6].filter(({ port }) => ports.includes(port));
  if (bound.length === 0) return [];
  const owners = await findOwners(bound.map(({ inode }) => inode));
  return bound.map(({ inode, ...socket }) => ({ ...socket, owner: owners.get(inode) }));
}

/** A socket by its inode. The sockets of tunnel devices have inodes as well. */
interface SocketEntry extends Omit<UdpSocket, 'owner'> {
  readonly inode: string;
}

/** Reads lines such as `0: 00000000:2118 00000000:0000 07 … 0 0 INODE …`. */
async function readTable(name: string, family: 4 | 6): Promise<readonly SocketEntry[]> {
  // A kernel without IPv6 does not have its table.
  const text = await readFile(`/proc/net/${name}`, 'utf8').catch(() => '');
  return text.split('\n').flatMap((line) => {
    const [, local = '', , , , , , , , inode] = line.trim().split(/\s+/);
    const [address = '', port = ''] = local.split(':');
    if (inode === undefined || !/^[0-9A-F]{4}$/.test(port)) return [];
    return [{ family, port: Number.parseInt(port, 16), isWildcard: /^0+$/.test(address), inode }];
  });
}

/** Finds the processes that have sockets, among those that this process sees: `socat (process 312)`, by inode. */
async function findOwners(inodes: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const wanted = new Map(inodes.map((inode) => [`socket:[${inode}]`, inode]));
  const owners = new Map<string, string>();
  for (const pid of await readdir('/proc').catch(() => [])) {
    if (!/^\d+$/.test(pid)) continue;
    for (const file of await readdir(`/proc/${pid}/fd`).catch(() => [])) {
      const inode = wanted.get(await readlink(`/proc/${pid}/fd/${file}`).catch(() => ''));
      if (inode === undefined) continue;
      const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => 'a program');
      owners.set(inode, `${name.trim()} (process ${pid})`);
    }
  }
  return owners;
}
