import type { GoType } from './go-values.ts';

type GoKeys = Readonly<Record<string, GoType>>;

const commands: GoKeys = {
  PreStartupCommand: 'string',
  PostStartupCommand: 'string',
  SubnetAddCommand: 'string',
  SubnetRemoveCommand: 'string',
};

/** The backends of flannel 0.28.9 on Linux, and those that flannel had before, each with the keys that it reads from `Backend`, and their types in Go. */
const backends: Readonly<Record<string, GoKeys>> = {
  vxlan: {
    VNI: 'int',
    Port: 'int',
    MTU: 'int',
    GBP: 'bool',
    Learning: 'bool',
    DirectRouting: 'bool',
  },
  'host-gw': {},
  wireguard: {
    ListenPort: 'int',
    ListenPortV6: 'int',
    MTU: 'int',
    PSK: 'string',
    PersistentKeepaliveInterval: 'int',
    Mode: 'string',
  },
  ipip: { DirectRouting: 'bool' },
  udp: { Port: 'int' },
  ipsec: { UDPEncap: 'bool', ESPProposal: 'string', PSK: 'string' },
  extension: commands,
  alloc: {},
  'aws-vpc': { RouteTableID: 'strings' },
  gce: {},
  'ali-vpc': { AccessKeyID: 'string', AccessKeySecret: 'string' },
  'tencent-vpc': { AccessKeyID: 'string', AccessKeySecret: 'string' },
};

/** The keys that a backend of flannel reads; undefined for a type that flannel does not have. */
export function flannelKeysOf(backendType: string): GoKeys | undefined {
  return Object.hasOwn(backends, backendType) ? backends[backendType] : undefined;
}

/** Other names of backends. k3s calls flannel's wireguard so, since it once had another of that name. */
const otherNames: Readonly<Record<string, string>> = { 'wireguard-native': 'wireguard' };

/** The name that a backend has in flannel, or else the given name. */
export function canonicalTypeOf(name: string): string {
  return (Object.hasOwn(otherNames, name) ? otherNames[name] : undefined) ?? name;
}

/** The type that flannel takes a text for: its own types are in lower case, and flannel finds them in any case. */
export function flannelTypeOf(text: string): string {
  const type = canonicalTypeOf(text.toLowerCase());
  return flannelKeysOf(type) === undefined ? text : type;
}

/** Keys of a backend whose zero means that they are not set: the kernel then uses its own port. */
export function isUnsetByZero(backendType: string, key: string): boolean {
  return backendType === 'vxlan' && key === 'Port';
}

/** The backends whose leases do not name a type: flannel accepts any lease as a peer of theirs, or does not look at leases at all. */
const typelessBackends: ReadonlySet<string> = new Set(['alloc', 'udp']);

/** The type that the leases of a backend carry in a store, as flannel writes them; the empty text for none. */
export function publishedTypeOf(backendType: string): string {
  return typelessBackends.has(backendType) ? '' : backendType;
}
