import { createInterface } from 'node:readline';
import type { FaultNode } from './fault-lab.ts';
import { until } from '../../support/until.ts';

/** A destination outside every overlay, of whose coming and going the monitor tells. */
const before = '203.0.113.1';
const after = '203.0.113.2';

/** Does some work, and returns what `ip monitor` told meanwhile: every change of links, addresses, routes, neighbours and fdb. */
export async function watchNodeKernel(
  node: FaultNode,
  work: () => Promise<void>,
): Promise<readonly string[]> {
  const monitor = node.spawn(['ip', 'monitor', 'link', 'address', 'route', 'neigh']);
  if (monitor.stdout === null) throw new Error('ip monitor has no stdout');
  const reader = createInterface({ input: monitor.stdout });
  const lines: string[] = [];
  reader.on('line', (line) => lines.push(line));
  const flash = (address: string): Promise<string> =>
    node.sh(`ip route add blackhole ${address}; ip route delete blackhole ${address}`);
  const hears = (address: string): boolean =>
    lines.some((line) => line.includes('Deleted') && line.includes(address));
  try {
    // It hears nothing of what comes before it listens.
    await until('ip monitor to listen', async () => {
      if (hears(before)) return true;
      await flash(before);
      return false;
    });
    const from = lines.length;
    await work();
    await flash(after);
    await until('ip monitor to tell of the end', () => hears(after));
    return lines.slice(from).filter((line) => !/203[.]0[.]113[.]/.test(line) && !isUnderlayChatter(line));
  } finally {
    monitor.kill();
  }
}

/** Neighbours of the underlay and of the pod come and go as packets do. */
function isUnderlayChatter(line: string): boolean {
  return / dev (eth0|cbr0) .*(REACHABLE|STALE|DELAY|PROBE|INCOMPLETE|FAILED)/.test(line);
}
