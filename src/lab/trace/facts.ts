import * as z from 'zod/mini';
import { contains, parseAddress, parseCidr } from '../../network/cidr.ts';
import { lossTable } from '../plan/underlay/impair-commands.ts';
import { readCounters, type LossCounters } from './counters.ts';

/**
 * A script that prints what a network namespace knows about neighbours, devices and losses, one section for each kind. The private keys
 * of WireGuard do not leave it.
 */
export const factsScript = `
export LC_ALL=C
section() { echo "# $1"; shift; "$@" 2>/dev/null || true; }
section link ip -json -details -statistics link show
section address ip -json address show
section neighbour ip -json neighbour show
section fdb bridge -json fdb show
section rule ip -json rule show
section rule6 ip -json -6 rule show
if command -v wg >/dev/null; then echo '# wireguard'; wg show all dump 2>/dev/null | awk -F '\\t' '
  NF == 5 { print "device", $1, $4 }
  NF == 9 { print "peer", $1, $2, $4, $5, $6 }'; fi
section snmp cat /proc/net/snmp
section netstat cat /proc/net/netstat
section snmp6 cat /proc/net/snmp6
section xfrm cat /proc/net/xfrm_stat
section iptables iptables-save -c
section ip6tables ip6tables-save -c
section loss nft list table netdev ${lossTable}
section rp_filter grep . /proc/sys/net/ipv4/conf/*/rp_filter
section end true`;

const linkSchema = z.object({
  ifindex: z.number(),
  ifname: z.string(),
  flags: z.array(z.string()),
  mtu: z.number(),
  address: z.optional(z.string()),
  master: z.optional(z.string()),
  linkinfo: z.optional(
    z.object({
      info_kind: z.optional(z.string()),
      info_data: z.optional(z.record(z.string(), z.unknown())),
    }),
  ),
  stats64: z.optional(
    z.object({
      rx: z.object({ dropped: z.number(), errors: z.number() }),
      tx: z.object({ dropped: z.number(), errors: z.number() }),
    }),
  ),
});

/** A device of a namespace. */
export interface Device {
  readonly index: number;
  readonly name: string;
  readonly mtu: number;
  /** Whether the device is up and has its carrier. */
  readonly isUp: boolean;
  readonly mac: string | undefined;
  /** The bridge that the device is a port of. */
  readonly bridge: string | undefined;
  /** The kind, such as `vxlan`, `tun`, `veth`. */
  readonly kind: string | undefined;
  /** The options of its kind, as `ip` names them. */
  readonly options: Readonly<Record<string, unknown>>;
}

const neighbourSchema = z.object({
  dst: z.string(),
  dev: z.string(),
  lladdr: z.optional(z.string()),
  state: z.optional(z.array(z.string())),
});

const fdbSchema = z.object({
  mac: z.string(),
  ifname: z.string(),
  dst: z.optional(z.string()),
  master: z.optional(z.string()),
  state: z.optional(z.string()),
});

const addressSchema = z.object({
  ifname: z.string(),
  addr_info: z.array(z.object({ local: z.optional(z.string()) })),
});

const ruleSchema = z.object({
  priority: z.number(),
  src: z.optional(z.string()),
  table: z.optional(z.string()),
  fwmark: z.optional(z.string()),
});

type Neighbour = z.infer<typeof neighbourSchema>;
type FdbEntry = z.infer<typeof fdbSchema>;
type PolicyRule = z.infer<typeof ruleSchema>;

/** A peer of a WireGuard device. */
interface WireguardPeer {
  readonly device: string;
  readonly key: string;
  /** `172.30.0.2:51820`; undefined if the device does not know it. */
  readonly endpoint: string | undefined;
  readonly allowedIps: readonly string[];
  /** The time of the last handshake in seconds since 1970; 0 if there was none. */
  readonly handshake: number;
}

/** The content of a network namespace at one moment. */
export interface Facts {
  readonly devices: readonly Device[];
  /** The device of each address. */
  readonly addresses: ReadonlyMap<string, string>;
  readonly neighbours: readonly Neighbour[];
  readonly fdb: readonly FdbEntry[];
  readonly rules: readonly PolicyRule[];
  readonly wireguard: {
    /** The port of each device. */
    readonly ports: ReadonlyMap<string, number>;
    readonly peers: readonly WireguardPeer[];
  };
  /** The strict reverse path filters: `all`, or a device, with its value. */
  readonly reversePath: ReadonlyMap<string, number>;
  /** Every counter of lost packets, and of iptables' rules that drop or translate, by a name that people can look up. */
  readonly counters: LossCounters;
}

/** Reads the output of {@link factsScript}. A section that a namespace does not have is empty. */
export function readFacts(text: string): Facts {
  const sections = splitSections(text);
  const lines = (name: string): readonly string[] => sections.get(name) ?? [];
  const list = <Item>(name: string, schema: z.ZodMiniType<Item>): readonly Item[] =>
    readList(lines(name).join('\n'), schema);
  const links = list('link', linkSchema);
  return {
    devices: links.map(toDevice),
    addresses: new Map(
      list('address', addressSchema).flatMap(({ ifname, addr_info }) =>
        addr_info.flatMap(({ local }) => (local === undefined ? [] : [[local, ifname] as const])),
      ),
    ),
    neighbours: list('neighbour', neighbourSchema),
    fdb: list('fdb', fdbSchema),
    rules: [...list('rule', ruleSchema), ...list('rule6', ruleSchema)],
    wireguard: readWireguard(lines('wireguard')),
    reversePath: new Map(
      lines('rp_filter').flatMap((line) => {
        const [, device, value] = /\/conf\/([^/]+)\/rp_filter:(\d+)$/.exec(line) ?? [];
        return device === undefined ? [] : [[device, Number(value)] as const];
      }),
    ),
    counters: readCounters(links, lines),
  };
}

function splitSections(text: string): ReadonlyMap<string, readonly string[]> {
  const sections = new Map<string, string[]>();
  let name = '';
  for (const line of text.split('\n')) {
    const [, begun] = /^# ([a-z0-9_]+)$/.exec(line) ?? [];
    if (begun !== undefined) name = begun;
    else if (line !== '') sections.set(name, [...(sections.get(name) ?? []), line]);
  }
  return sections;
}

/** Reads a JSON array of iproute2. Items that do not fit are left out: a newer iproute2 may print other ones. */
export function readList<Item>(text: string, schema: z.ZodMiniType<Item>): readonly Item[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return [];
  }
  if (!Array.isArray(value)) return [];
  return value.flatMap((item) => {
    const read = schema.safeParse(item);
    return read.success ? [read.data] : [];
  });
}

function toDevice({
  ifindex,
  ifname,
  flags,
  mtu,
  address,
  master,
  linkinfo,
}: z.infer<typeof linkSchema>): Device {
  return {
    index: ifindex,
    name: ifname,
    mtu,
    isUp: flags.includes('UP') && !flags.includes('NO-CARRIER'),
    mac: address,
    bridge: master,
    kind: linkinfo?.info_kind,
    options: linkinfo?.info_data ?? {},
  };
}

function readWireguard(lines: readonly string[]): Facts['wireguard'] {
  const ports = new Map<string, number>();
  const peers: WireguardPeer[] = [];
  for (const line of lines) {
    const [kind, device = '', first = '', endpoint = '', allowed = '', handshake] = line.split(' ');
    if (kind === 'device') ports.set(device, Number(first));
    else {
      peers.push({
        device,
        key: first,
        endpoint: endpoint === '(none)' ? undefined : endpoint,
        allowedIps: allowed === '(none)' ? [] : allowed.split(','),
        handshake: Number(handshake),
      });
    }
  }
  return { ports, peers };
}

/** The peer of a device to which WireGuard sends packets for an address: the one with the longest matching subnet. */
export function wireguardPeerFor(facts: Facts, device: string, address: string): WireguardPeer | undefined {
  const wanted = parseAddress(address);
  if (wanted === undefined) return undefined;
  let best: { readonly prefix: number; readonly peer: WireguardPeer } | undefined;
  for (const peer of facts.wireguard.peers) {
    if (peer.device !== device) continue;
    for (const text of peer.allowedIps) {
      const subnet = parseCidr(text);
      if (subnet?.family !== wanted.family || !contains(subnet, wanted)) continue;
      if (best === undefined || subnet.prefix > best.prefix) best = { prefix: subnet.prefix, peer };
    }
  }
  return best?.peer;
}
