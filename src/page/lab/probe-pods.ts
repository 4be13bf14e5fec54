import type { FoundLab } from '../../lab/process/find.ts';
import { Namespaces, type LabStatus } from '../../lab/process/namespaces.ts';
import { listPlaces } from '../../lab/process/places.ts';
import type { LabNodeStatus } from '../../lab/protocol.ts';
import type { PagePair } from '../model.ts';

/**
 * A script that sends an echo to each address, and one of a given size that must not be fragmented. It prints a line for each: the address,
 * the milliseconds or `-`, and whether the large one was answered.
 */
const probeScript = `size=$1; shift
for a; do (
  once() { ping -n -c1 -W1 "$a" 2>/dev/null | sed -n 's/.* time[=<]\\([0-9.]*\\).*/\\1/p'; }
  r=$(once); [ -n "$r" ] || r=$(once)
  m=1; [ -z "$r" ] || ping -n -c1 -W1 -M do -s "$size" "$a" >/dev/null 2>&1 || m=0
  echo "$a \${r:--} $m"
) & done
wait`;

/** The headers of an echo, in bytes. */
const headerBytes = { 4: 28, 6: 48 } as const;

/** Tests the way from every pod to every other. A pod that does not exist is not tested. */
export async function probePods(lab: FoundLab, status: LabStatus): Promise<readonly PagePair[]> {
  const namespaces = new Namespaces(lab, status);
  const places = listPlaces(status);
  const pairs = await Promise.all(
    status.nodes.map(async (from) => {
      const place = places.find(({ name }) => name === `${from.name}-pod`);
      const others = status.nodes.filter(({ name, pod }) => name !== from.name && pod !== null);
      if (place === undefined || from.pod === null || others.length === 0) return [];
      const headers = headerBytes[from.pod.includes(':') ? 6 : 4];
      const words = [String(Math.max(0, (from.mtu ?? 0) - headers)), ...others.map(({ pod }) => pod ?? '')];
      const text = await namespaces.run(place, ['sh', '-c', probeScript, 'sh', ...words]).catch(() => '');
      return others.flatMap((to) => readPair(from, to, text));
    }),
  );
  return pairs.flat();
}

function readPair(from: LabNodeStatus, to: LabNodeStatus, text: string): readonly PagePair[] {
  const line = text.split('\n').find((each) => each.startsWith(`${to.pod ?? ''} `));
  if (line === undefined) return [];
  const [, time, large] = line.split(' ');
  const rttMs = time === undefined || time === '-' ? null : Number(time);
  const mtuPasses = rttMs === null ? null : large === '1';
  const reason =
    rttMs === null
      ? 'no answer'
      : mtuPasses === false
        ? `a packet of ${from.mtu ?? '?'} bytes is lost`
        : null;
  return [{ from: from.name, to: to.name, ok: reason === null, rttMs, mtuPasses, reason }];
}
