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
  /** The address as canonical text. */
  readonly text: string;
  /** The prefix length of the address's network. */
  readonly prefix: number;
  /** The seconds until the kernel removes the address; undefined if it stays. */
  readonly lifetime: number | undefined;
  /** Whether new connections should use the address. False if it is deprecated, temporary, or not yet known to be unique. */
  readonly preferred: boolean;
}

/** A network interface, as `ip -details -json address` shows it. */
export interface Link {
  readonly name: string;
  readonly otherNames: readonly string[];
  readonly mtu: number;
  /** Whether the administrator has set the interface up. The state of its cable does not matter. */
  readonly up: boolean;
  readonly loopback: boolean;
  /** The kind, such as `vxlan`, `tun`, `bridge`; undefined for a hardware device. */
  readonly kind: string | undefined;
  /** The link-layer address, a MAC for example; undefined for a device that has none. */
  readonly hardwareAddress: string | undefined;
  /** Whether a tunnel is known to run over IPv6. */
  readonly overIpv6: boolean;
  /** The network identifier and the UDP port of a VXLAN device; undefined for any other. */
  readonly vxlan: { readonly vni: number; readonly port: number } | undefined;
  /** The addresses, in the kernel's order: the first of a family is its primary one. */
  readonly addresses: readonly LinkAddress[];
}

/** The lifetime of a permanent address in the kernel's output. */
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

/** Reads the output of `ip -details -json address`. Throws for any other text. */
export function parseLinks(json: string): readonly Link[] {
  const listed = z.array(z.record(z.string(), z.unknown())).parse(JSON.parse(json));
  // iproute2 prints an empty object for a link that a filter left out.
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
    vxlan: link.linkinfo?.info_kind === 'vxlan' ? readVxlan(data) : undefined,
    addresses: (link.addr_info ?? []).flatMap(toLinkAddress),
  };
}

function readVxlan({ id, port }: Readonly<Record<string, unknown>>): Link['vxlan'] {
  return typeof id === 'number' && typeof port === 'number' ? { vni: id, port } : undefined;
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

/** A route, with the parts that the choice of an interface needs. */
export interface Route {
  /** The type, such as `unicast`, `local`, `unreachable`. */
  readonly type: string;
  readonly device: string | undefined;
  /** The address from which the kernel would send. */
  readonly source: string | undefined;
}

/** Reads the output of `ip -json route`. */
export function parseRoutes(json: string): readonly Route[] {
  // Without routes, iproute2 prints nothing rather than an empty array.
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
  /** The type, such as `unicast`, `unreachable`. */
  readonly type: string;
  readonly destination: Cidr;
  readonly gateway: string | undefined;
  readonly device: string | undefined;
  /** The origin of the route: `kernel` for the route of an address's network. */
  readonly protocol: string | undefined;
  readonly metric: number | undefined;
}

/** Reads the output of `ip -json -FAMILY route show`. */
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
