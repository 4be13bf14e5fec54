import { readFile } from 'node:fs/promises';

/**
 * Counts the fragments that the network namespace of a process has made so far, for both families. An overlay whose published MTU is too
 * large still answers every ping, because its underlay splits the packets.
 */
export async function countFragments(pid: number): Promise<number> {
  const [ipv4, ipv6] = await Promise.all([read(`/proc/${pid}/net/snmp`), read(`/proc/${pid}/net/snmp6`)]);
  const [names, values] = ipv4.split('\n').filter((line) => line.startsWith('Ip:'));
  const column = names?.split(' ').indexOf('FragCreates') ?? -1;
  const created = column === -1 ? 0 : Number(values?.split(' ')[column]);
  return created + Number(/^Ip6FragCreates\s+(\d+)$/m.exec(ipv6)?.[1] ?? 0);
}

/** Reads a file; empty if the kernel does not have the family. */
async function read(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}
