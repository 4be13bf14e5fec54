import { formatAddress, type Family } from '../../network/cidr.ts';
import { viewOf } from './pcap.ts';

/** One header of a frame. Sizes are in bytes. */
export type Layer =
  | { readonly kind: 'ethernet'; readonly source: string; readonly destination: string }
  | {
      readonly kind: 'ip';
      readonly family: Family;
      readonly source: string;
      readonly destination: string;
      /** The size of the whole IP packet. */
      readonly size: number;
      /** Whether routers must not fragment the packet. They never fragment IPv6. */
      readonly dontFragment: boolean;
      /** The place of this fragment in its packet, in bytes; undefined if the packet is whole. */
      readonly fragmentAt: number | undefined;
      readonly protocol: number;
    }
  | { readonly kind: 'udp'; readonly sourcePort: number; readonly destinationPort: number }
  | {
      readonly kind: 'icmp';
      readonly means: IcmpMeaning;
      /** The largest packet that passes, as an error reports it; undefined for other messages. */
      readonly mtu: number | undefined;
    }
  | { readonly kind: 'vxlan'; readonly vni: number }
  | { readonly kind: 'gre' }
  | {
      readonly kind: 'arp';
      readonly asks: boolean;
      readonly sender: string;
      readonly target: string;
    };

type IcmpMeaning = 'request' | 'answer' | 'too-big' | 'unreachable' | 'prohibited' | 'other';

/** A frame at an interface. */
export interface DecodedFrame {
  /** The time of the capture in microseconds since 1970. */
  readonly at: number;
  readonly interfaceIndex: number;
  /** Whether the frame came from outside the namespace, left it, or was for another host. */
  readonly direction: 'in' | 'out' | 'foreign';
  /** The headers, the outermost first. */
  readonly layers: readonly Layer[];
  /** The captured bytes behind the cooked header. */
  readonly bytes: Uint8Array;
}

/** The bytes of a cooked header (LINUX_SLL2). */
const cookedBytes = 20;
/** The most headers that are read. */
const deepest = 16;

const protocolNumbers = { icmp: 1, ipv4: 4, udp: 17, ipv6: 41, gre: 47, icmp6: 58, fragment: 44 } as const;
const etherTypes = { ipv4: 0x0800, arp: 0x0806, ipv6: 0x86dd, bridged: 0x6558 } as const;

/**
 * Decodes a captured frame as far as its bytes reach. Undefined if it does not even have the cooked header.
 *
 * @param vxlanPorts the UDP ports that carry VXLAN
 */
export function decodeFrame(
  record: { readonly at: number; readonly bytes: Uint8Array },
  vxlanPorts: ReadonlySet<number>,
): DecodedFrame | undefined {
  if (record.bytes.length < cookedBytes) return undefined;
  const view = viewOf(record.bytes);
  const type = view.getUint8(10);
  const layers: Layer[] = [];
  let next: Next | undefined = { kind: 'ether-type', type: view.getUint16(0), at: cookedBytes };
  while (next !== undefined && layers.length < deepest) next = readLayer(view, next, layers, vxlanPorts);
  return {
    at: record.at,
    interfaceIndex: view.getUint32(4),
    direction: type === 4 ? 'out' : type === 3 ? 'foreign' : 'in',
    layers,
    bytes: record.bytes.subarray(cookedBytes),
  };
}

/** The header that comes next, and where it begins. */
type Next =
  | { readonly kind: 'ether-type'; readonly type: number; readonly at: number }
  | { readonly kind: 'ethernet'; readonly at: number }
  | { readonly kind: 'protocol'; readonly protocol: number; readonly family: Family; readonly at: number }
  | { readonly kind: 'vxlan'; readonly at: number };

function readLayer(
  view: DataView,
  next: Next,
  layers: Layer[],
  vxlanPorts: ReadonlySet<number>,
): Next | undefined {
  switch (next.kind) {
    case 'ether-type':
      return readEtherType(view, next, layers);
    case 'ethernet':
      if (!has(view, next.at, 14)) return undefined;
      layers.push({
        kind: 'ethernet',
        destination: macAt(view, next.at),
        source: macAt(view, next.at + 6),
      });
      return { kind: 'ether-type', type: view.getUint16(next.at + 12), at: next.at + 14 };
    case 'protocol':
      return readProtocol(view, next, layers, vxlanPorts);
    case 'vxlan':
      if (!has(view, next.at, 8)) return undefined;
      layers.push({ kind: 'vxlan', vni: view.getUint32(next.at + 4) >>> 8 });
      return { kind: 'ethernet', at: next.at + 8 };
  }
}

function readEtherType(
  view: DataView,
  { type, at }: { readonly type: number; readonly at: number },
  layers: Layer[],
): Next | undefined {
  switch (type) {
    case etherTypes.ipv4:
      return readIpv4(view, at, layers);
    case etherTypes.ipv6:
      return readIpv6(view, at, layers);
    case etherTypes.bridged:
      return { kind: 'ethernet', at };
    case etherTypes.arp:
      if (has(view, at, 28)) {
        const addressAt = (from: number): string =>
          formatAddress({ family: 4, value: BigInt(view.getUint32(at + from)) });
        layers.push({
          kind: 'arp',
          asks: view.getUint16(at + 6) === 1,
          sender: addressAt(14),
          target: addressAt(24),
        });
      }
      return undefined;
    default:
      return undefined;
  }
}

function readIpv4(view: DataView, at: number, layers: Layer[]): Next | undefined {
  if (!has(view, at, 20)) return undefined;
  const headerBytes = (view.getUint8(at) & 0x0f) * 4;
  const flags = view.getUint16(at + 6);
  const offset = (flags & 0x1fff) * 8;
  const isFragment = offset > 0 || (flags & 0x2000) !== 0;
  const protocol = view.getUint8(at + 9);
  layers.push({
    kind: 'ip',
    family: 4,
    source: formatAddress({ family: 4, value: BigInt(view.getUint32(at + 12)) }),
    destination: formatAddress({ family: 4, value: BigInt(view.getUint32(at + 16)) }),
    size: view.getUint16(at + 2),
    dontFragment: (flags & 0x4000) !== 0,
    fragmentAt: isFragment ? offset : undefined,
    protocol,
  });
  return offset > 0 ? undefined : { kind: 'protocol', protocol, family: 4, at: at + headerBytes };
}

function readIpv6(view: DataView, at: number, layers: Layer[]): Next | undefined {
  if (!has(view, at, 40)) return undefined;
  let protocol = view.getUint8(at + 6);
  let behind = at + 40;
  let fragmentAt: number | undefined;
  if (protocol === protocolNumbers.fragment && has(view, behind, 8)) {
    protocol = view.getUint8(behind);
    fragmentAt = view.getUint16(behind + 2) & 0xfff8;
    behind += 8;
  }
  layers.push({
    kind: 'ip',
    family: 6,
    source: ipv6At(view, at + 8),
    destination: ipv6At(view, at + 24),
    size: 40 + view.getUint16(at + 4),
    dontFragment: true,
    fragmentAt,
    protocol,
  });
  return (fragmentAt ?? 0) > 0 ? undefined : { kind: 'protocol', protocol, family: 6, at: behind };
}

function readProtocol(
  view: DataView,
  { protocol, family, at }: { readonly protocol: number; readonly family: Family; readonly at: number },
  layers: Layer[],
  vxlanPorts: ReadonlySet<number>,
): Next | undefined {
  switch (protocol) {
    case protocolNumbers.udp: {
      if (!has(view, at, 8)) return undefined;
      const destinationPort = view.getUint16(at + 2);
      layers.push({ kind: 'udp', sourcePort: view.getUint16(at), destinationPort });
      return vxlanPorts.has(destinationPort) ? { kind: 'vxlan', at: at + 8 } : undefined;
    }
    case protocolNumbers.icmp:
    case protocolNumbers.icmp6:
      if (has(view, at, 8)) layers.push(readIcmp(view, at, family));
      return undefined;
    case protocolNumbers.ipv4:
      return { kind: 'ether-type', type: etherTypes.ipv4, at };
    case protocolNumbers.ipv6:
      return { kind: 'ether-type', type: etherTypes.ipv6, at };
    case protocolNumbers.gre: {
      if (!has(view, at, 4)) return undefined;
      layers.push({ kind: 'gre' });
      // A checksum, a key and a sequence number have four bytes each.
      const options = [0x8000, 0x2000, 0x1000].filter((bit) => (view.getUint16(at) & bit) !== 0).length;
      return { kind: 'ether-type', type: view.getUint16(at + 2), at: at + 4 + 4 * options };
    }
    default:
      return undefined;
  }
}

function readIcmp(view: DataView, at: number, family: Family): Layer {
  const type = view.getUint8(at);
  const code = view.getUint8(at + 1);
  const means = family === 4 ? icmpMeaning(type, code) : icmp6Meaning(type, code);
  const mtu =
    means === 'too-big' ? (family === 4 ? view.getUint16(at + 6) : view.getUint32(at + 4)) : undefined;
  return { kind: 'icmp', means, mtu };
}

function icmpMeaning(type: number, code: number): IcmpMeaning {
  if (type === 8) return 'request';
  if (type === 0) return 'answer';
  if (type !== 3) return 'other';
  if (code === 4) return 'too-big';
  return [9, 10, 13].includes(code) ? 'prohibited' : 'unreachable';
}

function icmp6Meaning(type: number, code: number): IcmpMeaning {
  if (type === 128) return 'request';
  if (type === 129) return 'answer';
  if (type === 2) return 'too-big';
  if (type !== 1) return 'other';
  return [1, 5, 6].includes(code) ? 'prohibited' : 'unreachable';
}

function has(view: DataView, at: number, bytes: number): boolean {
  return at + bytes <= view.byteLength;
}

function macAt(view: DataView, at: number): string {
  return Array.from({ length: 6 }, (_, index) =>
    view
      .getUint8(at + index)
      .toString(16)
      .padStart(2, '0'),
  ).join(':');
}

function ipv6At(view: DataView, at: number): string {
  const value = (view.getBigUint64(at) << 64n) | view.getBigUint64(at + 8);
  return formatAddress({ family: 6, value });
}

/** Whether a frame carries a packet with this mark in its payload, whatever encloses the packet. */
export function carries({ bytes }: Pick<DecodedFrame, 'bytes'>, mark: Uint8Array): boolean {
  for (let at = bytes.length - mark.length; at >= 0; at -= 1) {
    if (mark.every((byte, index) => bytes[at + index] === byte)) return true;
  }
  return false;
}

/** The headers of a kind in a frame, the outermost first. */
export function layersOf<Kind extends Layer['kind']>(
  { layers }: Pick<DecodedFrame, 'layers'>,
  kind: Kind,
): readonly Extract<Layer, { kind: Kind }>[] {
  return layers.filter((layer): layer is Extract<Layer, { kind: Kind }> => layer.kind === kind);
}
