import { isFallbackDevice } from './fallback-devices.ts';
import { argumentOf, readObjects, textOf, wordOf, type Fields } from './json-objects.ts';
import type { StateObject } from './kernel-state.ts';

/** The fields of a link that commands decide. The kernel decides the others, or changes them by itself. */
const decidedOfLink: readonly string[] = [
  'ifname',
  'mtu',
  'address',
  'master',
  'linkinfo',
  'link',
  'inet6_addr_gen_mode',
];

/** The fields of a kind of link that count time, or that describe a port of a bridge. */
const volatileOfKind: ReadonlySet<string> = new Set([
  ...['hello_timer', 'tcn_timer', 'topology_change_timer', 'gc_timer', 'info_slave_data', 'info_slave_kind'],
]);

/** Reads `ip -json -details link show`. */
export function parseLinkObjects(output: string): readonly StateObject[] {
  const links = readObjects(output).filter((link) => !isFallbackDevice(wordOf(link, 'ifname') ?? ''));
  return links.map((link) => {
    const device = wordOf(link, 'ifname') ?? '';
    const decided = Object.fromEntries(Object.entries(link).filter(([name]) => decidedOfLink.includes(name)));
    const isUp = Array.isArray(link['flags']) && link['flags'].includes('UP');
    return {
      kind: 'link',
      name: `${device} (${[...argumentOf(link, 'address', 'MAC'), 'mtu', wordOf(link, 'mtu') ?? '?', isUp ? 'up' : 'down'].join(' ')})`,
      text: `${textOf(decided, volatileOfKind)} ${isUp ? 'up' : 'down'}`,
      device,
      remove: ['ip', 'link', 'delete', 'dev', device],
    };
  });
}

/** Reads `ip -json address show`. The link-local addresses of IPv6 are the kernel's. */
export function parseAddressObjects(output: string): readonly StateObject[] {
  return readObjects(output).flatMap((link) => {
    const device = wordOf(link, 'ifname') ?? '';
    const addresses = (link['addr_info'] ?? []) as readonly Fields[];
    return addresses
      .filter((address) => !(address['family'] === 'inet6' && address['scope'] === 'link'))
      .filter((address) => address['local'] !== undefined)
      .map((address): StateObject => {
        const name = `${wordOf(address, 'local') ?? ''}/${wordOf(address, 'prefixlen') ?? ''}`;
        return {
          kind: 'address',
          name: `${name} on ${device}`,
          text: `${device} ${textOf(address, volatileOfAddress)}`,
          device,
          remove: ['ip', 'address', 'delete', name, 'dev', device],
        };
      });
  });
}

const volatileOfAddress: ReadonlySet<string> = new Set([
  ...['valid_life_time', 'preferred_life_time', 'tentative', 'dynamic', 'mngtmpaddr'],
]);

/** Reads `ip -json neighbour show`. */
export function parseNeighbours(output: string): readonly StateObject[] {
  return readObjects(output).map((neighbour) => {
    const [address, device] = [wordOf(neighbour, 'dst') ?? '', wordOf(neighbour, 'dev') ?? ''];
    const mac = wordOf(neighbour, 'lladdr');
    const proxy = 'proxy' in neighbour ? ['proxy'] : [];
    return {
      kind: 'neighbour',
      name: `${address}${mac === undefined ? '' : ` at ${mac}`} on ${device}`,
      text: textOf(neighbour),
      device,
      remove: ['ip', 'neighbour', 'delete', ...proxy, address, 'dev', device],
    };
  });
}

/** Reads `bridge -json fdb show`. The kernel adds the entries of multicast groups, and those that a device learns. */
export function parseForwardingEntries(output: string): readonly StateObject[] {
  return readObjects(output)
    .filter((entry) => entry['state'] === 'permanent' || entry['state'] === 'static')
    .filter((entry) => !/^[0-9a-f][13579bdf]:/i.test(wordOf(entry, 'mac') ?? ''))
    .map((entry) => {
      const [mac, device] = [wordOf(entry, 'mac') ?? '', wordOf(entry, 'ifname') ?? ''];
      const target = argumentOf(entry, 'dst');
      const flags = (entry['flags'] ?? []) as readonly string[];
      return {
        kind: 'fdb entry',
        name: [mac, ...target, 'on', device].join(' '),
        text: textOf(entry, new Set(['used', 'updated'])),
        device,
        remove: [
          ...(['bridge', 'fdb', 'delete', mac, 'dev', device] as const),
          ...target,
          ...argumentOf(entry, 'vlan'),
          flags.includes('self') ? 'self' : 'master',
        ],
      };
    });
}
