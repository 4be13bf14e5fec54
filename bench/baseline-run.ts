// In a sandbox: the same entries without heddle.
import { readFileSync } from 'node:fs';
import { answer, readOrder, timeShell } from './sandbox.ts';
import { hasFamily, makePeers } from './peers.ts';
import type { BenchFamily, MadeUpPeer, RecipeName } from './peers.ts';
import type { FamilyKey } from '../src/network/per-family.ts';

interface BaselineOrder {
  readonly recipe: RecipeName;
  readonly family: BenchFamily;
  readonly size: number;
}

export interface BaselineResult {
  readonly milliseconds: number;
}

/** The entries of one address family. */
interface FamilyEntries {
  readonly version: '-4' | '-6';
  readonly vxlan: string;
  readonly wireguard: string;
  readonly local: string;
  readonly own: string;
  subnetOf(peer: MadeUpPeer): string;
  gatewayOf(peer: MadeUpPeer): string;
  hostOf(peer: MadeUpPeer): string;
  endpointOf(peer: MadeUpPeer): string;
}

const entriesOf: Readonly<Record<FamilyKey, FamilyEntries>> = {
  ipv4: {
    version: '-4',
    vxlan: 'flannel.1',
    wireguard: 'flannel-wg',
    local: '172.16.0.1',
    own: '10.0.1.0/32',
    subnetOf: ({ subnet }) => subnet,
    gatewayOf: ({ gateway }) => gateway,
    hostOf: ({ publicIp }) => publicIp,
    endpointOf: ({ publicIp }) => `${publicIp}:51820`,
  },
  ipv6: {
    version: '-6',
    vxlan: 'flannel-v6.1',
    wireguard: 'flannel-wg-v6',
    local: 'fd00:99::1',
    own: 'fd00:10:0:1::/128',
    subnetOf: ({ ipv6Subnet }) => ipv6Subnet,
    gatewayOf: ({ ipv6Gateway }) => ipv6Gateway,
    hostOf: ({ publicIpv6 }) => publicIpv6,
    endpointOf: ({ publicIpv6 }) => `[${publicIpv6}]:51821`,
  },
};

const { recipe, family, size } = readOrder() as BaselineOrder;
answer({ milliseconds: runBaseline(makePeers(size)) } satisfies BaselineResult);

function runBaseline(peers: readonly MadeUpPeer[]): number {
  if (recipe === 'extension') return serialShells(peers);
  const raw = { vxlan: rawVxlan, 'host-gw': rawHostGw, wireguard: rawWireguard }[recipe];
  const families = (['ipv4', 'ipv6'] as const).filter((each) => hasFamily(family, each));
  return families.reduce((sum, each) => sum + raw(peers, entriesOf[each]), 0);
}

/** flannel's entries by one `ip -batch` and one `bridge -batch`. */
function rawVxlan(peers: readonly MadeUpPeer[], entries: FamilyEntries): number {
  const { version, vxlan: device, local, own } = entries;
  timeShell(
    `ip link add ${device} type vxlan id 1 local ${local} dev eth0 nolearning dstport 8472 && ip address add ${own} dev ${device} && ip link set ${device} up`,
  );
  const routes = peers.map((peer) => {
    const gateway = entries.gatewayOf(peer);
    return `route add ${entries.subnetOf(peer)} via ${gateway} dev ${device} onlink\nneigh add ${gateway} lladdr ${peer.mac} dev ${device} nud permanent\n`;
  });
  const fdb = peers.map(
    (peer) => `fdb add ${peer.mac} dev ${device} dst ${entries.hostOf(peer)} self permanent\n`,
  );
  return timeShell(`ip ${version} -batch -`, routes.join('')) + timeShell('bridge -batch -', fdb.join(''));
}

function rawHostGw(peers: readonly MadeUpPeer[], entries: FamilyEntries): number {
  const routes = peers.map(
    (peer) => `route add ${entries.subnetOf(peer)} via ${entries.hostOf(peer)} dev eth0\n`,
  );
  return timeShell(`ip ${entries.version} -batch -`, routes.join(''));
}

/** All peers by one `wg addconf`; their subnets are reached by the one route to the network, as flannel's are. */
function rawWireguard(peers: readonly MadeUpPeer[], entries: FamilyEntries): number {
  const { wireguard: device } = entries;
  timeShell(
    `mkdir -p /run/wireguard; ip link add ${device} type wireguard 2>/dev/null || wireguard-go ${device} >/dev/null 2>&1`,
  );
  const config = peers.map(
    (peer) =>
      `[Peer]\nPublicKey = ${peer.publicKey}\nAllowedIPs = ${entries.subnetOf(peer)}\nEndpoint = ${entries.endpointOf(peer)}\n`,
  );
  return timeShell(`wg addconf ${device} /dev/stdin`, config.join(''));
}

/** One `sh -c` after another, as flanneld's extension backend ran its recipe. */
function serialShells(peers: readonly MadeUpPeer[]): number {
  const url = new URL('../test/recipes/extension-vxlan.json', import.meta.url);
  const { Backend: backend } = JSON.parse(readFileSync(url, 'utf8')) as { Backend: Record<string, string> };
  timeShell(backend['PreStartupCommand'] ?? '');
  timeShell(`SUBNET=10.0.1.0/24; ${backend['PostStartupCommand'] ?? ''}`);
  const loop = peers.map(
    ({ subnet, publicIp, mac }) => `SUBNET=${subnet} PUBLIC_IP=${publicIp} sh -c "$ADD" <<END\n${mac}\nEND\n`,
  );
  return timeShell('sh', `ADD=${quote(backend['SubnetAddCommand'] ?? '')}\n${loop.join('')}`);
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
