import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { quote } from 'shell-quote';

import { kubeconfigFile } from '../../../src/lab/protocol.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { until } from '../../support/until.ts';
import { FaultLab, type FaultNode } from '../faults/fault-lab.ts';
import { hostGw, vxlan, wireguard } from '../faults/overlays.ts';
import { reasonToSkip } from '../harness/needs.ts';
import { skip as noApiServer } from './kube-api-server.ts';

const flanneld = process.env['FLANNELD'];
const skip =
  reasonToSkip('etcd', 'iptables', 'wg', 'wireguard-go') ||
  noApiServer ||
  (flanneld === undefined && 'needs a flanneld: FLANNELD=PATH names one');

/** flanneld creates a wireguard device of the kernel, and has no other way. heddle's recipe also has wireguard-go. */
function lacksWireguard(): string | false {
  const { status } = spawnSync('unshare', ['-n', 'ip', 'link', 'add', 'wg0', 'type', 'wireguard']);
  return status !== 0 && 'needs wireguard in the kernel, as flanneld does';
}

describe('nodes of flanneld and of heddle are one cluster', { skip }, () => {
  for (const overlay of [vxlan, hostGw, wireguard]) {
    const options = { skip: overlay === wireguard && lacksWireguard(), timeout: 180_000 };
    test(overlay.name, options, async (t) => {
      const lab = await FaultLab.up(t, overlay, ['--store', 'kubernetes', '--nodes', '3', '--timeout', '50']);
      const [first, second, third] = lab.nodes;
      assert.ok(first && second && third);
      const nodes = [first, second, third];
      await lab.stop(third);

      await startFlanneld(t, third);
      await reachEachOther(nodes);
      for (const node of [first, second]) {
        await until(
          `${node.name} to have both peers in place`,
          async () => {
            const { state, counts } = await node.status();
            return state === 'running' && counts.wanted === 2 && counts.inPlace === 2 && counts.failing === 0;
          },
          () => node.lastWords(),
        );
      }

      await third.sh('kill "$(cat /run/flanneld.pid)"');
      await until('flanneld to end', async () => (await third.processes('-kube-subnet-mgr')).length === 0);
      await lab.start(third);
      await reachEachOther(nodes);
    });
  }
});

/** Starts a flanneld under its usual name, and waits until it has written its subnet file. The end of the lab ends it. */
async function startFlanneld(t: TestContext, node: FaultNode): Promise<void> {
  const program = join(temporaryDirectory(t), 'flanneld');
  symlinkSync(resolve(flanneld ?? ''), program);
  const words = [
    program,
    '-kube-subnet-mgr',
    `-kubeconfig-file=${kubeconfigFile}`,
    '-net-config-path=/run/lab/net-conf.json',
    '-iface=eth0',
    '-ip-masq',
  ];
  const command = `NODE_NAME=${node.name} ${quote(words)} </dev/null >/run/flanneld.log 2>&1`;
  await node.sh(`rm -f /run/flannel/subnet.env; ${command} & echo $! >/run/flanneld.pid`);
  await until(
    'flanneld to write its subnet file',
    async () => (await node.sh('cat /run/flannel/subnet.env 2>/dev/null || true')) !== '',
    () => node.sh('tail -n 20 /run/flanneld.log'),
  );
}

/** Waits until each pod answers each other pod. */
async function reachEachOther(nodes: readonly FaultNode[]): Promise<void> {
  for (const from of nodes) {
    for (const to of nodes) {
      if (from === to) continue;
      await until(
        `the pod of ${to.name} to answer the pod of ${from.name}`,
        () => answers(from, to),
        async () => `${await from.sh('ip route; ip neigh')}\n${await to.sh('ip route; ip neigh')}`,
      );
    }
  }
}

async function answers(from: FaultNode, to: FaultNode): Promise<boolean> {
  const ping = from.spawnInPod(['ping', '-n', '-c', '1', '-W', '1', to.pod]);
  ping.stdout?.resume();
  const [code] = (await once(ping, 'exit')) as [number | null];
  return code === 0;
}
