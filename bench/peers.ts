import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A made-up node: its subnet, address and MAC or key, all different for each index. */
export interface MadeUpPeer {
  readonly subnet: string;
  readonly gateway: string;
  readonly publicIp: string;
  readonly mac: string;
  readonly publicKey: string;
}

const hex = (value: number): string => value.toString(16).padStart(2, '0');

/** The peer of an index from 0 to 65,000, in 10.0.0.0/8 with /24 subnets and an underlay of 172.16.0.0/12. */
export function makePeer(index: number): MadeUpPeer {
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

export type RecipeName = 'vxlan' | 'host-gw' | 'wireguard' | 'extension';

/** What the node of a peer would write on its lease. */
export function leaseValue(recipe: RecipeName, peer: MadeUpPeer): string {
  const data = {
    vxlan: { VNI: 1, VtepMAC: peer.mac },
    'host-gw': undefined,
    wireguard: { PublicKey: peer.publicKey, Port: 51820 },
    extension: peer.mac,
  }[recipe];
  const lease = { PublicIP: peer.publicIp, PublicIPv6: null, BackendType: recipe, BackendData: data };
  return JSON.stringify(lease);
}

/** Writes a files store with so many leases of other nodes. */
export function writeStore(
  directory: string,
  recipe: RecipeName,
  network: string,
  peers: readonly MadeUpPeer[],
): void {
  const subnets = join(directory, 'subnets');
  mkdirSync(subnets, { recursive: true });
  writeFileSync(join(directory, 'config'), network);
  const expiration = new Date(Date.now() + 86_400_000).toISOString();
  for (const peer of peers) {
    const lease = { ...(JSON.parse(leaseValue(recipe, peer)) as object), Expiration: expiration };
    writeFileSync(join(subnets, peer.subnet.replace('/', '-')), JSON.stringify(lease));
  }
}
