/** A made-up node: its subnet, address and MAC or key, all different for each index. */
export interface MadeUpPeer {
  readonly subnet: string;
  readonly gateway: string;
  readonly publicIp: string;
  readonly mac: string;
  readonly publicKey: string;
}

/** The shipped recipes, and flannel's documented one for its extension backend. */
export type RecipeName = 'vxlan' | 'host-gw' | 'wireguard' | 'extension';

/** The network that all peers are of. */
export const madeUpNetwork = '10.0.0.0/8';

/** The indexes that {@link makeUpPeer} takes: 0 up to, not including, this. */
export const mostPeers = 65_000;

const hex = (value: number): string => value.toString(16).padStart(2, '0');

/** The peer of an index, with a /24 of {@link madeUpNetwork} and an address of 172.16.0.0/12. */
export function makeUpPeer(index: number): MadeUpPeer {
  const n = index + 512; // past this node's own subnet
  const [high, low] = [n >> 8, n & 0xff];
  const key = Buffer.alloc(32);
  key.writeUInt32BE(n, 8);
  key[31] = 0x40;
  return {
    subnet: `10.${high}.${low}.0/24`,
    gateway: `10.${high}.${low}.0`,
    publicIp: `172.${17 + (n >> 14)}.${(n >> 6) & 0xff}.${(n & 0x3f) + 1}`,
    mac: `02:00:00:${hex(high)}:${hex(low)}:01`,
    publicKey: key.toString('base64'),
  };
}

/** The first peers, so many. */
export function makePeers(count: number): readonly MadeUpPeer[] {
  return Array.from({ length: count }, (_, index) => makeUpPeer(index));
}

/** What the node of a peer would write on its lease. */
export function leaseFields(recipe: RecipeName, peer: MadeUpPeer): object {
  const data = {
    vxlan: { VNI: 1, VtepMAC: peer.mac },
    'host-gw': undefined,
    wireguard: { PublicKey: peer.publicKey, Port: 51820 },
    extension: peer.mac,
  }[recipe];
  return { PublicIP: peer.publicIp, PublicIPv6: null, BackendType: recipe, BackendData: data };
}

export function madeUpKey(peer: MadeUpPeer): string {
  return peer.subnet.replace('/', '-');
}
