import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { hasErrorCode } from '../../src/host/system-error.ts';

/** The most that the last quarter's memory may be of the second quarter's. */
export const mostGrowth = 1.1;

/** Resident megabytes of a process. */
export function memoryMb(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return (Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024) / 1e6;
}

/** How many descriptors of each kind a process has open: `pipe`, an end of a TCP connection, or the path of a file. */
export function descriptorsOf(pid: number): ReadonlyMap<string, number> {
  const links = readdirSync(`/proc/${pid}/fd`).flatMap((fd) => readLink(`/proc/${pid}/fd/${fd}`));
  const sockets = socketsOf(pid);
  const counts = new Map<string, number>();
  for (const link of links) {
    const kind =
      sockets.get(link) ??
      link
        .replace(/:\[\d+\]$/, '')
        .replace(/\/#\d+ \(deleted\)$/, '/nameless')
        .replace(/heddle-[0-9a-f-]{36}/, 'heddle-UUID')
        .replace(/heddle-pipes-[\w-]+\/\d+-/, 'heddle-pipes-…/');
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}

/** The target of a link; nothing if it is gone meanwhile. */
function readLink(path: string): readonly string[] {
  try {
    return [readlinkSync(path)];
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) return [];
    throw error;
  }
}

/** Names of the sockets in a process's network namespace, by the links of descriptors. */
function socketsOf(pid: number): ReadonlyMap<string, string> {
  const linesOf = (table: string): string[][] =>
    readFileSync(`/proc/${pid}/net/${table}`, 'utf8')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/));
  const tcp = linesOf('tcp').map(([, local = '', remote = '', state = '', , , , , , inode = '']) => {
    const name = `tcp from ${readEnd(local).address} to ${readEnd(remote).address}:${readEnd(remote).port}`;
    return [inode, `${name} in state ${state}`] as const;
  });
  const unix = linesOf('unix').map(
    ([, , , , , , inode = '', path = '']) => [inode, `unix socket ${path}`.trim()] as const,
  );
  return new Map([...tcp, ...unix].map(([inode, name]) => [`socket:[${inode}]`, name]));
}

/** One end of a connection, as `/proc/net/tcp` has it: `020011AC:094B`. */
function readEnd(text: string): { readonly address: string; readonly port: number } {
  const [, a = '', b = '', c = '', d = '', port = ''] = /^(..)(..)(..)(..):(.*)$/.exec(text) ?? [];
  const address = [d, c, b, a].map((byte) => parseInt(byte, 16)).join('.');
  return { address, port: parseInt(port, 16) };
}

export function totalOf(descriptors: ReadonlyMap<string, number>): number {
  return [...descriptors.values()].reduce((sum, count) => sum + count, 0);
}

/** The kinds whose numbers differ: `pipe 12, not 9`. */
export function compareDescriptors(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
): string[] {
  return [...new Set([...before.keys(), ...after.keys()])]
    .map((kind) => ({ kind, was: before.get(kind) ?? 0, is: after.get(kind) ?? 0 }))
    .filter(({ was, is }) => was !== is)
    .map(({ kind, was, is }) => `${kind} ${is}, not ${was}`);
}

/** Memory in megabytes: the medians of the second and of the last quarter of the run. */
export interface MemoryFigures {
  readonly secondMb: number;
  readonly lastMb: number;
  /** The last as a part of the second. */
  readonly ratio: number;
}

/** Sums up samples that were taken at equal intervals over the whole run. */
export function judgeMemory(samples: readonly number[]): MemoryFigures {
  const quarter = samples.length / 4;
  const secondMb = median(samples.slice(Math.floor(quarter), Math.floor(2 * quarter)));
  const lastMb = median(samples.slice(Math.floor(3 * quarter)));
  return { secondMb, lastMb, ratio: lastMb / secondMb };
}

function median(values: readonly number[]): number {
  const ascending = [...values].sort((a, b) => a - b);
  return ascending[Math.floor(ascending.length / 2)] ?? NaN;
}
