import type { Host } from './host.ts';
import { whileListening } from './listen.ts';

/** The routes of one family, as `ip route` prints them, without those that come with eth0 and with loopback. */
export function routesOf(host: Host, family: 4 | 6 = 4): Promise<readonly string[]> {
  return host.lines(`ip -${family} route show | grep -vE '^(default|172[.]30[.]|fd00:99:|fe80:)' || true`);
}

/** The neighbours of a device, as `ip neigh` prints them. */
export function neighboursOf(host: Host, device: string): Promise<readonly string[]> {
  return host.lines(`ip neigh show dev ${device}`);
}

/** The forwarding database of a device, as `bridge fdb` prints it, without multicast's own entries. */
export function fdbOf(host: Host, device: string): Promise<readonly string[]> {
  return host.lines(`bridge fdb show dev ${device} | grep -vE '^(33:33|01:00)' || true`);
}

interface Device {
  readonly ifindex: number;
  readonly mtu: number;
  /** The MAC, where the kind of device has one. */
  readonly address: string | undefined;
  readonly kind: string;
  /** What the kind of device has of its own: a VXLAN's id, local, port … */
  readonly details: Readonly<Record<string, unknown>>;
  /** `10.50.1.0/32` */
  readonly addresses: readonly string[];
}

interface ShownLink {
  readonly ifindex: number;
  readonly mtu: number;
  readonly address?: string;
  readonly linkinfo?: { readonly info_kind?: string; readonly info_data?: Record<string, unknown> };
}

interface ShownAddresses {
  readonly addr_info?: readonly { readonly local: string; readonly prefixlen: number }[];
}

/** A device with its addresses, or undefined if there is none of this name. */
export async function findDevice(host: Host, name: string): Promise<Device | undefined> {
  const shown = await host.run(['ip', '-d', '-j', 'link', 'show', 'dev', name]);
  if (shown.exitCode !== 0) return undefined;
  const [link] = JSON.parse(shown.stdout) as readonly [ShownLink];
  const [{ addr_info: addresses }] = JSON.parse(await host.sh(`ip -j address show dev ${name}`)) as readonly [
    ShownAddresses,
  ];
  return {
    ifindex: link.ifindex,
    mtu: link.mtu,
    address: link.address,
    kind: link.linkinfo?.info_kind ?? '',
    details: link.linkinfo?.info_data ?? {},
    addresses: (addresses ?? []).map(({ local, prefixlen }) => `${local}/${prefixlen}`),
  };
}

/**
 * Everything of a host that a recipe may change, as sorted lines: the kernel's state, and the files of the state
 * directory with their modes. Of WireGuard's peers it leaves out what traffic changes.
 */
export function dumpState(host: Host): Promise<readonly string[]> {
  return host.lines(`
    ip -d -o link
    ip -o address
    ip -4 route show table all
    ip -6 route show table all
    ip neigh show nud permanent
    for path in /sys/class/net/*; do bridge fdb show dev "\${path##*/}"; done
    if command -v wg >/dev/null; then
      wg show all dump | awk '{ if (NF == 9) $6 = $7 = $8 = "" } { print }'
    fi
    find /run/state -exec stat -c '%A %n' {} +
    find /run/state -type f ! -name '*.log' -exec cat {} +
  `);
}

const monitor = {
  command: ['ip', 'monitor', 'link', 'address', 'route', 'neigh'],
  proof: 'blackhole 203.0.113.1',
};

/** Does some work, and returns what `ip monitor` told of it: changes of links, addresses, routes, neighbours and fdb. */
export async function watchKernel(host: Host, work: () => Promise<void>): Promise<readonly string[]> {
  const told: string[] = [];
  await whileListening(host, monitor, async ({ until }) => {
    await work();
    await host.sh('ip route add blackhole 203.0.113.2; ip route delete blackhole 203.0.113.2');
    told.push(...(await until(/203[.]0[.]113[.]2/)));
  });
  return told.filter((line) => !line.includes('203.0.113.1') && !isUnderlayChatter(line));
}

/** The lines that say what was not so before. IPv6 announces a route that is only repeated. */
export function newIn(told: readonly string[], before: readonly string[]): readonly string[] {
  return told.filter((line) => !before.includes(line));
}

/** eth0's own neighbours come and go as packets do. */
function isUnderlayChatter(line: string): boolean {
  return / dev eth0 .*(REACHABLE|STALE|DELAY|PROBE|INCOMPLETE|FAILED)/.test(line);
}
