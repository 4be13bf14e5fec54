import type { PerFamily } from './per-family.ts';

/** The lengths of headers in bytes, without options. */
const ipv4 = 20; // RFC 791
const ipv6 = 40; // RFC 8200
const udp = 8; // RFC 768
const ethernet = 14; // IEEE 802.3, without a VLAN tag: the inner frame's
const vxlan = 8; // RFC 7348
const geneve = 8; // RFC 8926
const gre = 4; // RFC 2784
const wireguard = 16 + 16; // the WireGuard paper, 5.4.6: a data message's header, and its authentication tag

/** The smallest MTU in bytes with which a link may carry a family: RFC 791, RFC 8200. The kernel refuses less. */
export const leastMtu = { ipv4: 68, ipv6: 1280 } as const;

/** Around a packet that travels in UDP, whatever the family of the underlay. */
function inUdp(bytes: number): PerFamily<number> {
  return { ipv4: ipv4 + udp + bytes, ipv6: ipv6 + udp + bytes };
}

function overIpv4(bytes: number): PerFamily<number> {
  return { ipv4: ipv4 + bytes, ipv6: undefined };
}

function overIpv6(bytes: number): PerFamily<number> {
  return { ipv4: undefined, ipv6: ipv6 + bytes };
}

/** The kinds of device as `ip link` names them, and the bytes that each puts around a packet. */
const kinds: Readonly<Record<string, PerFamily<number>>> = {
  vxlan: inUdp(vxlan + ethernet),
  geneve: inUdp(geneve + ethernet),
  wireguard: inUdp(wireguard),
  gre: overIpv4(gre),
  gretap: overIpv4(gre + ethernet),
  ipip: overIpv4(0), // RFC 2003
  sit: overIpv4(0), // RFC 4213
  ip6tnl: overIpv6(0), // RFC 2473, without its option for the limit of nested tunnels
  ip6gre: overIpv6(gre),
  ip6gretap: overIpv6(gre + ethernet),
};

/**
 * The bytes that a kind of device puts around each packet, by the family of the underlay; undefined for a family that
 * cannot carry it, and for a kind of which only the device's own program knows, such as a tun.
 */
export function encapsulationOf(kind: string): PerFamily<number> | undefined {
  return Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
}
