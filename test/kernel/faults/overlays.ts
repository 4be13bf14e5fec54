import { fileURLToPath } from 'node:url';
import type { Json } from '../../../src/lease/lease.ts';
import type { LeaseText } from './lease-files.ts';
import { subnetOfKey } from './lease-files.ts';
import type { Random } from './random.ts';

/** A kind of overlay, as the faults of a test see it. */
export interface Overlay {
  readonly name: string;
  readonly recipe: string;
  readonly backendType: string;
  /** Backend data of a node that there is not. */
  makeData(random: Random): Json | undefined;
  /** Shell text that prints everything that a node's kernel has of peers, an entry a line. */
  readonly look: string;
  /** The entries of a peer that is in place, as `look` prints them. */
  entriesOf(peer: LeaseText): readonly string[];
}

const shipped = (name: string): string =>
  fileURLToPath(new URL(`../../../recipes/${name}.json`, import.meta.url));
const flannelShaped = (name: string): string =>
  fileURLToPath(new URL(`../../recipes/${name}.json`, import.meta.url));

/** The pod's own subnet comes with its bridge; how a route is stored is the recipe's business. */
const routes = `ip -4 route show root 10.50.0.0/16 | sed -E '/ proto kernel /d; s/ (metric|nhid|proto) [^ ]+//g; s/ linkdown//; s/ +$//'`;

function routeByHost({ key, publicIp }: LeaseText): readonly string[] {
  return [`${subnetOfKey(key)} via ${publicIp} dev eth0`];
}

export const vxlan: Overlay = {
  name: 'vxlan',
  recipe: shipped('vxlan'),
  backendType: 'vxlan',
  makeData: (random) => ({ VNI: 1, VtepMAC: makeMac(random) }),
  look: `${routes}; ip -4 neigh show dev flannel.1 | sed 's/ *$//'; bridge fdb show dev flannel.1 | sed -E '/^(33:33|01:00)/d; s/ *$//'`,
  entriesOf({ key, publicIp, backendData }) {
    const { VtepMAC: mac } = backendData as { readonly VtepMAC: string };
    const [vtep = ''] = key.split('-');
    return [
      `${subnetOfKey(key)} via ${vtep} dev flannel.1 onlink`,
      `${vtep} lladdr ${mac} PERMANENT`,
      `${mac} dst ${publicIp} self permanent`,
    ];
  },
};

export const hostGw: Overlay = {
  name: 'host-gw',
  recipe: shipped('host-gw'),
  backendType: 'host-gw',
  makeData: () => undefined,
  look: routes,
  entriesOf: routeByHost,
};

export const wireguard: Overlay = {
  name: 'wireguard',
  recipe: shipped('wireguard'),
  backendType: 'wireguard',
  makeData: (random) => ({ PublicKey: makeKey(random), Port: 51820 }),
  look: `wg show flannel-wg dump | awk 'NR > 1 { print $1, $3, $4 }'`,
  entriesOf({ key, publicIp, backendData }) {
    const { PublicKey: publicKey, Port: port } = backendData as { PublicKey: string; Port: number };
    return [`${publicKey} ${publicIp}:${port} ${subnetOfKey(key)}`];
  },
};

/** A recipe of flannel's own kind, which cannot say what is in place and whose commands fail when repeated. */
export const extensionHostGw: Overlay = {
  ...hostGw,
  name: 'extension-shaped host-gw',
  recipe: flannelShaped('extension-host-gw'),
  backendType: 'extension',
};

function makeMac(random: Random): string {
  const bytes = Array.from({ length: 4 }, () => random.below(256).toString(16).padStart(2, '0'));
  return ['02', 'fa', ...bytes].join(':');
}

function makeKey(random: Random): string {
  return Buffer.from(Array.from({ length: 32 }, () => random.below(256))).toString('base64');
}
