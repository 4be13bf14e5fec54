import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { inspect, isDeepStrictEqual } from 'node:util';
import { Churn } from './faults/churn.ts';
import { FaultLab, type FaultNode } from './faults/fault-lab.ts';
import { watchNodeKernel } from './faults/kernel-monitor.ts';
import { subnetOfKey, type LeaseText } from './faults/lease-files.ts';
import { hostGw, vxlan, wireguard, type Overlay } from './faults/overlays.ts';
import { withRandom } from './faults/random.ts';
import { bend, noteRuns, type Backend } from './faults/recipe-copy.ts';
import { until } from '../support/until.ts';
import { reasonToSkip } from './harness/needs.ts';

/** So long that only MonitorCommand can be what asked for a check. */
const never = ['--check-interval', '86400'];
const soon = ['--check-interval', '1'];

type Damage = (peer: LeaseText) => string;

const deleteRoute: Damage = ({ key }) => `ip route delete ${subnetOfKey(key)}`;
const vtepOf = ({ key }: LeaseText): string => key.split('-')[0] ?? '';
const macOf = ({ backendData }: LeaseText): string => (backendData as { VtepMAC: string }).VtepMAC;
const keyOf = ({ backendData }: LeaseText): string => (backendData as { PublicKey: string }).PublicKey;

/** The key of a WireGuard peer without a lease. */
const strangeKey = Buffer.alloc(32, 7).toString('base64');

/** An overlay, the device its peers are reached by, and what can be damaged by hand, as shell text. */
interface DamageCase {
  readonly overlay: Overlay;
  readonly device: string;
  readonly damages: Readonly<Record<string, Damage>>;
  /** What no kernel tells of. */
  readonly silent?: Readonly<Record<string, Damage>>;
}

const damaged: readonly DamageCase[] = [
  {
    overlay: vxlan,
    device: 'flannel.1',
    damages: {
      'a route': deleteRoute,
      'a neighbour': (peer) => `ip neigh delete ${vtepOf(peer)} dev flannel.1`,
      'an fdb entry': (peer) => `bridge fdb delete ${macOf(peer)} dev flannel.1 dst ${peer.publicIp} self`,
      'a neighbour’s MAC': (peer) =>
        `ip neigh replace ${vtepOf(peer)} lladdr 02:00:00:00:00:01 dev flannel.1 nud permanent`,
      'every route': () => 'ip route flush dev flannel.1',
      'the device’s address': () => 'ip address flush dev flannel.1',
      'the device, set down': () => 'ip link set dev flannel.1 down',
      'the device': () => 'ip link delete dev flannel.1',
    },
    silent: {
      'a peer that nobody remembers': () => `
        ip neigh add 10.50.77.0 lladdr 02:00:00:00:00:77 dev flannel.1 nud permanent
        bridge fdb add 02:00:00:00:00:77 dev flannel.1 dst 172.30.0.250 self permanent
        ip route add 10.50.77.0/24 via 10.50.77.0 dev flannel.1 onlink`,
      'an FDB entry that nobody remembers': () =>
        'bridge fdb add 02:00:00:00:00:78 dev flannel.1 dst 172.30.0.250 self permanent',
    },
  },
  {
    overlay: hostGw,
    device: 'eth0',
    damages: {
      'a route': deleteRoute,
      'a route’s gateway': ({ key }) => `ip route replace ${subnetOfKey(key)} via 172.30.0.250 dev eth0`,
      'every route': () => 'ip route flush root 10.50.0.0/16 dev eth0',
      'the interface, down and up': () => 'ip link set dev eth0 down; ip link set dev eth0 up',
    },
    silent: {
      'a peer that nobody remembers': () =>
        'ip route add 10.50.77.0/24 via 172.30.0.250 dev eth0 proto 104 metric 171068672',
    },
  },
  {
    overlay: wireguard,
    device: 'flannel-wg',
    damages: { 'the device': () => 'ip link delete dev flannel-wg' },
    silent: {
      'a peer': (peer) => `wg set flannel-wg peer ${keyOf(peer)} remove`,
      'a peer that nobody remembers': () =>
        `wg set flannel-wg peer ${strangeKey} endpoint 172.30.0.250:51820 allowed-ips 10.50.77.0/24`,
      'a key without subnets that nobody remembers': () =>
        `wg set flannel-wg peer ${strangeKey} endpoint 172.30.0.250:51820`,
    },
  },
];

/** Starts a lab with some peers in place. */
async function crowdedLab(...given: Parameters<typeof FaultLab.up>): Promise<FaultLab> {
  const lab = await FaultLab.up(...given);
  await withRandom(async (random) => {
    new Churn(lab.leases, lab.overlay, random).grow(12);
    await lab.converge();
  });
  return lab;
}

/** Does each damage to the first node, and waits until everything is as it was. */
async function damageAndMend(t: TestContext, lab: FaultLab, { device, damages }: DamageCase): Promise<void> {
  const [node] = lab.both;
  const look = async (): Promise<readonly string[]> => [
    await node.sh(
      `{ ip -o link show dev ${device}; ip -o -4 address show dev ${device}; } | sed 's/^[0-9]*: //'`,
    ),
    ...(await node.entries()),
  ];
  const before = await look();
  for (const [what, damage] of Object.entries(damages)) {
    await t.test(what, async () => {
      await node.sh(damage(somePeer(lab)));
      await until(
        `${what} to be back`,
        async () => isDeepStrictEqual(await look().catch(() => []), before),
        async () => `${inspect(await look())}\nand not\n${inspect(before)}\n${await node.lastWords()}`,
      );
      await lab.converge();
    });
  }
}

/** One that is nothing but a lease. */
function somePeer(lab: FaultLab): LeaseText {
  const nodes = lab.nodes.map(({ publicIp }) => publicIp);
  const peer = lab.leases.list().find(({ publicIp }) => !nodes.includes(publicIp));
  if (peer === undefined) throw new Error('There is no peer.');
  return peer;
}

function deafen(backend: Backend): void {
  backend.MonitorCommand = 'exec sleep 86400';
}

async function checks(node: FaultNode): Promise<number> {
  return (await node.runs()).filter((run) => run.startsWith('CheckCommand')).length;
}

/** Waits until checks were begun and ended so many times. */
async function afterChecks(node: FaultNode, count: number): Promise<void> {
  const before = await checks(node);
  // One more, so that the last of them has ended.
  await until(`${count} checks of ${node.name}`, async () => (await checks(node)) > before + count);
}

for (const given of damaged) {
  const { overlay, damages, silent } = given;
  const [first, firstDamage] = Object.entries(damages)[0] ?? assert.fail();
  const skip = reasonToSkip(...(overlay === wireguard ? ['wg', 'wireguard-go'] : []));

  describe(`${overlay.name}, damaged by hand`, { skip }, () => {
    test('what MonitorCommand hears of comes back', async (t) => {
      const lab = await crowdedLab(t, overlay, never);
      const [node] = lab.both;
      await damageAndMend(t, lab, given);

      await t.test('and what it missed while it was dead', async () => {
        const from = await node.now();
        for (const pid of await node.processes('monitor')) process.kill(pid, 'SIGKILL');
        await node.event(from, 'monitor-ended');
        await node.sh(firstDamage(somePeer(lab)));
        await lab.converge();
      });
    });

    test('what nobody hears of comes back with the next check', async (t) => {
      const lab = await crowdedLab(t, bend(t, overlay, deafen), soon);
      await damageAndMend(t, lab, { ...given, damages: { ...silent, [first]: firstDamage } });
    });

    test('a healthy run writes nothing, and leaves alone what is not its own', async (t) => {
      const lab = await crowdedLab(t, bend(t, overlay, noteRuns), soon);
      const [node] = lab.both;
      await node.sh('ip route add 10.50.251.0/24 via 172.30.0.251');
      const from = await node.now();
      assert.deepEqual(await watchNodeKernel(node, () => afterChecks(node, 2)), []);
      assert.deepEqual(await node.log(from), []);
      assert.match(await node.sh('ip route show 10.50.251.0/24'), /via 172[.]30[.]0[.]251 dev eth0/);
    });
  });
}
