import { wireguardPeerFor, type Device, type Facts } from '../facts.ts';
import type { Encapsulation, LookUp, Suspicion } from '../report.ts';

/** The packet that a device gets to send. */
interface Sending {
  readonly facts: Facts;
  readonly device: Device;
  /** The next hop, or the destination itself. */
  readonly next: string;
  readonly packet: { readonly destination: string; readonly size: number };
  /** The name of the sending place. */
  readonly place: string;
  /** The device that has the address `next`, on the node of the destination; undefined if that node does not have the address. */
  readonly peer: PeerDevice | undefined;
}

export interface PeerDevice {
  readonly node: string;
  readonly name: string;
  readonly mac: string | undefined;
  /** The node's address on the underlay. */
  readonly host: string | undefined;
}

/** The work of a device that encapsulates. */
interface Encapsulating {
  readonly lookUps: readonly LookUp[];
  readonly suspicions: readonly Omit<Suspicion, 'place'>[];
  /** Undefined if the device cannot send the packet, or if it is not known where to. */
  readonly outer: Encapsulation | undefined;
  /** The destination MAC of the encapsulated frame; undefined if there is none. */
  readonly innerMac: string | undefined;
  /** The command that makes the device send to another host; null if it is not known. */
  readonly repairFor: (host: string) => string | null;
}

/** Looks up where a device sends a packet. Undefined if the device does not encapsulate. */
export function encapsulate(sending: Sending): Encapsulating | undefined {
  const { facts, device } = sending;
  if (device.kind === 'vxlan') return byVxlan(sending);
  if (device.kind === 'wireguard' || facts.wireguard.ports.has(device.name)) return byWireguard(sending);
  if (typeof device.options['remote'] === 'string') return byTunnel(sending, device.options['remote']);
  if (device.kind === 'tun') return byUnknown(device);
  return undefined;
}

const notRepairable = (): null => null;

function byVxlan({ facts, device, next, place, peer }: Sending): Encapsulating {
  const { name } = device;
  const neighbour = facts.neighbours.find(({ dst, dev }) => dst === next && dev === name);
  const mac = neighbour?.lladdr;
  const shows = `ip neigh show ${next} dev ${name}`;
  const state = neighbour?.state?.join(' ').toLowerCase() ?? '';
  const entry = `the neighbour entry of ${next} on ${name} of ${place}`;
  const repairs =
    peer?.mac === undefined ? null : `ip neigh replace ${next} lladdr ${peer.mac} dev ${name} nud permanent`;
  if (mac === undefined) {
    const found =
      state === '' ? `${next} is missing on ${name}` : `${next} is not resolved on ${name} (${state})`;
    const what = `${entry} is missing, so the kernel does not know the MAC of the next VTEP`;
    return {
      lookUps: [{ table: 'neighbour', found, command: shows }],
      suspicions: [{ stops: true, entry: 'neighbour', what, shows, repairs }],
      outer: undefined,
      innerMac: undefined,
      repairFor: notRepairable,
    };
  }
  const isOther = peer?.mac !== undefined && peer.mac !== mac;
  const wrongMac: readonly Omit<Suspicion, 'place'>[] = isOther
    ? [
        {
          stops: true,
          entry: 'neighbour',
          what: `${entry} has the MAC ${mac}, but ${peer.name} of ${peer.node} has ${peer.mac}`,
          shows,
          repairs,
        },
      ]
    : [];
  const found = `${next} is ${mac} on ${name}, ${state}`;
  const behind = findVtep({ facts, device, mac, place, peer: isOther ? undefined : peer });
  return {
    ...behind,
    lookUps: [{ table: 'neighbour', found, command: shows }, ...behind.lookUps],
    suspicions: [...wrongMac, ...behind.suspicions],
    innerMac: isOther ? undefined : mac,
  };
}

/** Looks up the host behind the MAC of a VTEP. */
function findVtep({
  facts,
  device,
  mac,
  place,
  peer,
}: Pick<Sending, 'facts' | 'device' | 'place' | 'peer'> & { readonly mac: string }): Encapsulating {
  const { name, options } = device;
  const own = facts.fdb.filter(({ ifname, dst }) => ifname === name && dst !== undefined);
  const entry = own.find((each) => each.mac === mac) ?? own.find((each) => each.mac === '00:00:00:00:00:00');
  const destination = entry?.dst ?? textOf(options['remote'] ?? options['group']);
  const shows = `bridge fdb get ${mac} dev ${name} self`;
  const repairFor = (host: string): string =>
    `bridge fdb replace ${mac} dev ${name} dst ${host} self permanent`;
  if (destination === undefined) {
    const what = `the FDB entry of ${mac} on ${name} of ${place} is missing, so the kernel does not know the host behind this MAC`;
    const repairs = peer?.host === undefined ? null : repairFor(peer.host);
    return {
      lookUps: [{ table: 'fdb', found: `${mac} is missing on ${name}`, command: shows }],
      suspicions: [{ stops: true, entry: 'fdb', what, shows, repairs }],
      outer: undefined,
      innerMac: mac,
      repairFor,
    };
  }
  const found = `${entry?.mac ?? mac} is behind ${destination} on ${name}`;
  return {
    lookUps: [{ table: 'fdb', found, command: shows }],
    suspicions: [],
    outer: {
      device: name,
      kind: 'vxlan',
      source: localAddress(device) ?? null,
      destination,
      port: numberOf(options['port']) ?? null,
      vni: numberOf(options['id']) ?? null,
      overhead: destination.includes(':') ? 70 : 50,
      encrypted: false,
    },
    innerMac: mac,
    repairFor,
  };
}

function byWireguard({ facts, device, packet, place }: Sending): Encapsulating {
  const { name } = device;
  const { destination, size } = packet;
  const command = `wg show ${name}`;
  const peer = wireguardPeerFor(facts, name, destination);
  if (peer?.endpoint === undefined) {
    const what =
      peer === undefined
        ? `no peer of ${name} of ${place} has ${destination} among its allowed IPs`
        : `the peer ${peer.key} of ${name} of ${place}, which has ${destination}, does not have an endpoint`;
    return {
      lookUps: [{ table: 'wireguard', found: what, command }],
      suspicions: [{ stops: true, entry: 'peer', what, shows: command, repairs: null }],
      outer: undefined,
      innerMac: undefined,
      repairFor: notRepairable,
    };
  }
  const [, host = '', port = ''] = /^\[?(.*?)\]?:(\d+)$/.exec(peer.endpoint) ?? [];
  const handshake = peer.handshake === 0 ? 'no handshake yet' : 'a handshake took place';
  return {
    lookUps: [
      {
        table: 'wireguard',
        found: `${destination} is of the peer ${peer.key} at ${peer.endpoint}, ${handshake}`,
        command,
      },
    ],
    suspicions: [],
    outer: {
      device: name,
      kind: 'wireguard',
      source: null,
      destination: host,
      port: Number(port),
      vni: null,
      // The header of a data message, its tag, and padding up to 16 bytes or the MTU.
      overhead:
        (host.includes(':') ? 80 : 60) + Math.max(0, Math.min(Math.ceil(size / 16) * 16, device.mtu) - size),
      encrypted: true,
    },
    innerMac: undefined,
    repairFor: (right) =>
      `wg set ${name} peer ${peer.key} endpoint ${right.includes(':') ? `[${right}]` : right}:${port}`,
  };
}

/** The bytes that an IP tunnel adds to a packet, without the outer IP header. */
const tunnelHeaderBytes: Readonly<Record<string, number>> = {
  gre: 4,
  gretap: 18,
  ip6gre: 4,
  ip6gretap: 18,
  geneve: 30,
};

function byTunnel({ device }: Sending, remote: string): Encapsulating {
  const kind = device.kind ?? 'tunnel';
  return {
    lookUps: [
      {
        table: 'tunnel',
        found: `${device.name} is a ${kind} device to ${remote}`,
        command: `ip -details link show dev ${device.name}`,
      },
    ],
    suspicions: [],
    outer: {
      device: device.name,
      kind,
      source: textOf(device.options['local']) ?? null,
      destination: remote,
      port: numberOf(device.options['port']) ?? null,
      vni: numberOf(device.options['id']) ?? null,
      overhead: (remote.includes(':') ? 40 : 20) + (tunnelHeaderBytes[kind] ?? 0),
      encrypted: false,
    },
    innerMac: undefined,
    repairFor: notRepairable,
  };
}

function byUnknown(device: Device): Encapsulating {
  return {
    lookUps: [
      {
        table: 'tunnel',
        found: `${device.name} is a tun device: only the program that serves it knows where it sends packets`,
        command: `ip -details link show dev ${device.name}`,
      },
    ],
    suspicions: [],
    outer: undefined,
    innerMac: undefined,
    repairFor: notRepairable,
  };
}

/** Whether a device takes packets of an encapsulation. */
export function takes(facts: Facts, device: Device, by: Encapsulation): boolean {
  switch (by.kind) {
    case 'vxlan':
      return (
        device.kind === 'vxlan' &&
        device.options['id'] === by.vni &&
        device.options['port'] === by.port &&
        [by.destination, undefined].includes(localAddress(device))
      );
    case 'wireguard':
      return facts.wireguard.ports.get(device.name) === by.port;
    default:
      return (
        device.kind === by.kind &&
        [by.destination, undefined, 'any'].includes(textOf(device.options['local']))
      );
  }
}

/** The address of the underlay from which a device sends; undefined if it is set to none. */
export function localAddress({ options }: Device): string | undefined {
  return textOf(options['local'] ?? options['local6']);
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
