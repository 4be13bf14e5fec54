// In a sandbox: the same entries without heddle.
import { readFileSync } from 'node:fs';
import { answer, readOrder, timeShell } from './sandbox.ts';
import { makePeers } from './peers.ts';
import type { MadeUpPeer, RecipeName } from './peers.ts';

interface BaselineOrder {
  readonly recipe: RecipeName;
  readonly size: number;
}

export interface BaselineResult {
  readonly milliseconds: number;
}

const { recipe, size } = readOrder() as BaselineOrder;
answer({ milliseconds: runBaseline(makePeers(size)) } satisfies BaselineResult);

function runBaseline(peers: readonly MadeUpPeer[]): number {
  switch (recipe) {
    case 'vxlan':
      return rawVxlan(peers);
    case 'host-gw':
      return rawHostGw(peers);
    case 'wireguard':
      return rawWireguard(peers);
    case 'extension':
      return serialShells(peers);
  }
}

/** flannel's entries by one `ip -batch` and one `bridge -batch`. */
function rawVxlan(peers: readonly MadeUpPeer[]): number {
  timeShell(
    'ip link add flannel.1 type vxlan id 1 local 172.16.0.1 dev eth0 nolearning dstport 8472 && ip address add 10.0.1.0/32 dev flannel.1 && ip link set flannel.1 up',
  );
  const routes = peers.map(
    ({ subnet, gateway, mac }) =>
      `route add ${subnet} via ${gateway} dev flannel.1 onlink\nneigh add ${gateway} lladdr ${mac} dev flannel.1 nud permanent\n`,
  );
  const fdb = peers.map(
    ({ mac, publicIp }) => `fdb add ${mac} dev flannel.1 dst ${publicIp} self permanent\n`,
  );
  return timeShell('ip -batch -', routes.join('')) + timeShell('bridge -batch -', fdb.join(''));
}

function rawHostGw(peers: readonly MadeUpPeer[]): number {
  const routes = peers.map(({ subnet, publicIp }) => `route add ${subnet} via ${publicIp} dev eth0\n`);
  return timeShell('ip -batch -', routes.join(''));
}

/** All peers by one `wg addconf`; their subnets are reached by the one route to the network, as flannel's are. */
function rawWireguard(peers: readonly MadeUpPeer[]): number {
  timeShell(
    'mkdir -p /run/wireguard; ip link add flannel-wg type wireguard 2>/dev/null || wireguard-go flannel-wg >/dev/null 2>&1',
  );
  const config = peers.map(
    ({ publicKey, subnet, publicIp }) =>
      `[Peer]\nPublicKey = ${publicKey}\nAllowedIPs = ${subnet}\nEndpoint = ${publicIp}:51820\n`,
  );
  return timeShell('wg addconf flannel-wg /dev/stdin', config.join(''));
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
