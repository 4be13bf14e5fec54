// In a sandbox: the same entries without heddle. Arguments: recipe, N, form (raw: one batch; serial: a shell a peer).
import { readFileSync } from 'node:fs';
import { timeShell } from './sandbox.ts';
import { makePeer } from './peers.ts';
import type { MadeUpPeer, RecipeName } from './peers.ts';

const [, , name = 'vxlan', size = '100', form = 'raw'] = process.argv;
const peers = Array.from({ length: Number(size) }, (_, index) => makePeer(index));
const milliseconds = form === 'serial' ? serial() : raw(name as RecipeName);
process.stdout.write(`${JSON.stringify({ milliseconds })}\n`);

/** flannel's entries by one `ip -batch` and one `bridge -batch`, or `wg` with all peers. */
function raw(recipe: RecipeName): number {
  switch (recipe) {
    case 'vxlan':
    case 'extension': {
      timeShell(
        'ip link add flannel.1 type vxlan id 1 local 172.16.0.1 dev eth0 nolearning dstport 8472 && ip address add 10.0.1.0/32 dev flannel.1 && ip link set flannel.1 up',
      );
      const ip = peers.map(
        ({ subnet, gateway, mac }) =>
          `route add ${subnet} via ${gateway} dev flannel.1 onlink\nneigh add ${gateway} lladdr ${mac} dev flannel.1 nud permanent\n`,
      );
      const fdb = peers.map(
        ({ mac, publicIp }) => `fdb add ${mac} dev flannel.1 dst ${publicIp} self permanent\n`,
      );
      return timeShell('ip -batch -', ip.join('')) + timeShell('bridge -batch -', fdb.join(''));
    }
    case 'host-gw':
      return timeShell(
        'ip -batch -',
        peers.map(({ subnet, publicIp }) => `route add ${subnet} via ${publicIp} dev eth0\n`).join(''),
      );
    case 'wireguard': {
      timeShell(
        'ip link add flannel-wg type wireguard 2>/dev/null || wireguard-go flannel-wg >/dev/null 2>&1',
      );
      const config = peers.map(
        ({ publicKey, subnet, publicIp }) =>
          `[Peer]\nPublicKey = ${publicKey}\nAllowedIPs = ${subnet}\nEndpoint = ${publicIp}:51820\n`,
      );
      return timeShell('wg addconf flannel-wg /dev/stdin', config.join(''));
    }
  }
}

/** One `sh -c` after another, as flanneld's extension backend ran its recipe. */
function serial(): number {
  const url = new URL('../test/recipes/extension-vxlan.json', import.meta.url);
  const { Backend: backend } = JSON.parse(readFileSync(url, 'utf8')) as { Backend: Record<string, string> };
  timeShell(backend['PreStartupCommand'] ?? '');
  timeShell(`SUBNET=10.0.1.0/24; ${backend['PostStartupCommand'] ?? ''}`);
  const loop = peers.map(
    ({ subnet, publicIp, mac }: MadeUpPeer) =>
      `SUBNET=${subnet} PUBLIC_IP=${publicIp} sh -c "$ADD" <<END\n${mac}\nEND\n`,
  );
  return timeShell(`ADD=${quote(backend['SubnetAddCommand'] ?? '')}\n${loop.join('')}`);
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
