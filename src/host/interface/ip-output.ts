import * as z from 'zod/mini';
import {
  addressBits,
  networkOf,
  parseAddress,
  type Address,
  type Cidr,
  type Family,
} from '../../network/cidr.ts';

/** An address of a network interface. */
export interface LinkAddress extends Address {
  /** Its canonical text. */
  readonly text: string;
  /** The length of its network's prefix. */
  readonly prefix: number;
  /** Seconds until the kernel takes the address away; undefined if it stays for good. */
  readonly lifetime: number | undefined;
  /** False for one that new connections should not use: deprecated, temporary, or not yet known to be unique. */
  readonly preferred: boolean;
}

/** A network interface, as `ip -details -json address` shows it. */
export interface Link {
  readonly name: string;
  readonly otherNames: readonly string[];
  readonly mtu: number;
  /** Set up by the administrator; says nothing of its cable. */
  readonly up: boolean;
  readonly loopback: boolean;
  /** `vxlan`, `tun`, `bridge` …; undefined for a device of hardware. */
  readonly kind: string | undefined;
  /** The address on the link layer, a MAC for example; undefined for a device that has none. */
  readonly hardwareAddress: string | undefined;
  /** Whether a tunnel is known to run over IPv6. */
  readonly overIpv6: boolean;
  /** In the kernel's order: the first of a family is its primary one. */
  readonly addresses: readonly LinkAddress[];
}

/** The lifetime of what stays for good, in the kernel's words. */
const forever = 0xffff_ffff;

const addressSchema = z.object({
  local: z.optional(z.string()),
  prefixlen: z.optional(z.number()),
  valid_life_time: z.optional(z.number()),
  deprecated: z.optional(z.boolean()),
  temporary: z.optional(z.boolean()),
  tentative: z.optional(z.boolean()),
  dadfailed: z.optional(z.boolean()),
});

const linkSchema = z.object({
  ifname: z.string(),
  altnames: z.optional(z.array(z.string())),
  flags: z.array(z.string()),
  mtu: z.number(),
  address: z.optional(z.string()),
  linkinfo: z.optional(
    z.object({
      info_kind: z.optional(z.string()),
      info_data: z.optional(z.record(z.string(), z.unknown())),
    }),
  ),
  addr_info: z.optional(z.array(addressSchema)),
});

/** Reads what `ip -details -json address` printed. Throws if it is something else. */
export function parseLinks(json: string): readonly Link[] {
  const listed = z.array(z.record(z.string(), z.unknown())).parse(JSON.parse(json));
  // iproute2 prints an empty object for what a filter left out.
  return listed.filter((link) => 'ifname' in link).map((link) => toLink(linkSchema.parse(link)));
}

function toLink(link: z.infer<typeof linkSchema>): Link {
  const data = link.linkinfo?.info_data ?? {};
  return {
    name: link.ifname,
    otherNames: link.altnames ?? [],
    mtu: link.mtu,
    up: link.flags.includes('UP'),
    loopback: link.flags.includes('LOOPBACK'),
    kind: link.linkinfo?.info_kind,
    hardwareAddress: link.address,
    overIpv6: ['local6', 'remote6', 'group6'].some((key) => key in data),
    addresses: (link.addr_info ?? []).flatMap(toLinkAddress),
  };
}

function toLinkAddress(info: z.infer<typeof addressSchema>): LinkAddress[] {
  const address = parseAddress(info.local ?? '');
  if (address === undefined || info.local === undefined || info.dadfailed === true) return [];
  const preferred = info.deprecated !== true && info.temporary !== true && info.tentative !== true;
  const { prefixlen: prefix = addressBits(address.family), valid_life_time: lifetime = forever } = info;
  return [
    {
      ...address,
      text: info.local,
      prefix,
      lifetime: lifetime === forever ? undefined : lifetime,
      preferred,
    },
  ];
}

const routeSchema = z.object({
  type: z.optional(z.string()),
  dev: z.optional(z.string()),
  prefsrc: z.optional(z.string()),
  nexthops: z.optional(z.array(z.object({ dev: z.optional(z.string()) }))),
});

/** A route, as far as the choice of an interface needs it. */
export interface Route {
  /** `unicast`, `local`, `unreachable` … */
  readonly type: string;
  readonly device: string | undefined;
  /** The address that the kernel would send from. */
  readonly source: string | undefined;
}

/** Reads what `ip -json route` printed. */
export function parseRoutes(json: string): readonly Route[] {
  // With nothing to say, iproute2 prints nothing rather than an empty array.
  const routes = z.array(routeSchema).parse(JSON.parse(json.trim() === '' ? '[]' : json));
  return routes.map((route) => ({
    type: route.type ?? 'unicast',
    device: route.dev ?? route.nexthops?.find((hop) => hop.dev !== undefined)?.dev,
    source: route.prefsrc,
  }));
}

const hostRouteSchema = z.object({
  type: z.optional(z.string()),
  dst: z.string(),
  gateway: z.optional(z.string()),
  dev: z.optional(z.string()),
  protocol: z.optional(z.string()),
  metric: z.optional(z.number()),
});

/** A route of the main table. */
export interface HostRoute {
  /** `unicast`, `unreachable` … */
  readonly type: string;
  readonly destination: Cidr;
  readonly gateway: string | undefined;
  readonly device: string | undefined;
  /** The maker of the route: `kernel` for the route of an address's network. */
  readonly protocol: string | undefined;
  readonly metric: number | undefined;
}

/** Reads what `ip -json -FAMILY route show` printed. */
export function parseHostRoutes(json: string, family: Family): readonly HostRoute[] {
  const routes = z.array(hostRouteSchema).parse(JSON.parse(json.trim() === '' ? '[]' : json));
  return routes.flatMap(({ type = 'unicast', dst, gateway, dev: device, protocol, metric }) => {
    const destination = parseDestination(dst, family);
    return destination === undefined ? [] : [{ type, destination, gateway, device, protocol, metric }];
  });
}

function parseDestination(text: string, family: Family): Cidr | undefined {
  if (text === 'default') return { family, value: 0n, prefix: 0 };
  const [addressText = '', prefix = addressBits(family)] = text.split('/');
  const address = parseAddress(addressText);
  return address && networkOf(address, Number(prefix));
}
