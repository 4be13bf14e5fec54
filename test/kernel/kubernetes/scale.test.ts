import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { startDaemon } from '../harness/daemon.ts';
import { oneHost } from '../harness/one-host.ts';
import { gatewayAddress, openGateway } from './gateway.ts';
import { shareApiServer, skip } from './kube-api-server.ts';

const server = shareApiServer();

const nodes = 5000;
const heartbeats = 10_000;
const rounds = 10;
const perRound = heartbeats / rounds;
const prefix = 'flannel.alpha.coreos.com/';

/** The images of a busy Node, which are most of its 20 KB. */
const images = Array.from({ length: 95 }, (_, number) => ({
  names: [`registry.example/image-${number}@${'0123456789abcdef'.repeat(10)}`],
  sizeBytes: number,
}));

function nodeName(number: number): string {
  return `node-${number}`;
}

function publicIp(number: number): string {
  return `172.16.${number >> 8}.${number & 255}`;
}

/** A Node as the API server stores it; `beat` counts the reports of its kubelet. */
function node(number: number, beat: number): object {
  const [high, low] = [number >> 8, number & 255];
  const podCIDR = `10.${100 + high}.${low}.0/24`;
  const creationTimestamp = '2026-11-27T12:00:00Z';
  const annotations = {
    [`${prefix}kube-subnet-manager`]: 'true',
    [`${prefix}backend-type`]: 'extension',
    [`${prefix}backend-data`]: `"weft-${number}"`,
    [`${prefix}public-ip`]: publicIp(number),
  };
  const condition = {
    type: 'Ready',
    status: 'True',
    reason: `beat-${beat}`,
    lastHeartbeatTime: creationTimestamp,
  };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: nodeName(number), uid: String(number), creationTimestamp, annotations },
    spec: { podCIDR, podCIDRs: [podCIDR] },
    status: { conditions: [condition], images },
  };
}

test(
  `${nodes} Nodes of 20 KB are applied once each, and ${heartbeats} heartbeats run nothing`,
  { skip, timeout: 180_000 },
  async (t) => {
    const { host } = await oneHost(t);
    t.after(await openGateway(host, server()));
    assert.ok(JSON.stringify(node(1, 0)).length > 20_000);
    const write = (numbers: readonly number[], beat: number): Promise<void> =>
      server().smuggleAll(numbers.map((number) => [`minions/${nodeName(number)}`, node(number, beat)]));
    const all = Array.from({ length: nodes }, (_, index) => index + 1);
    await write(all, 0);
    await server().createNode('own', ['10.99.1.0/24']);

    const recipe = join(temporaryDirectory(t), 'recipe.json');
    const batch = {
      SubnetAddCommand: 'echo add >>runs',
      SubnetRemoveCommand: 'echo remove >>runs',
      SubnetBatchCommand: 'cat >>runs',
    };
    const network = { Network: '10.0.0.0/8', SubnetLen: 24, Backend: { Type: 'extension' } };
    writeFileSync(recipe, JSON.stringify({ ...network, Backend: { ...network.Backend, ...batch } }));
    const config = join(temporaryDirectory(t), 'net-conf.json');
    writeFileSync(config, JSON.stringify(network));
    const kubeconfig = server().kubeconfig({ address: gatewayAddress });
    const words = [
      '--kube-subnet-mgr',
      '--kubeconfig-file',
      kubeconfig,
      '--net-config-path',
      config,
      '--recipe',
      recipe,
      '--on-exit',
      'leave',
    ];
    const daemon = await startDaemon(host, words, { environment: { NODE_NAME: 'own' }, seconds: 170 });
    t.after(() => daemon.kill());
    const runs = (): Promise<string> => host.sh('wc -l </run/state/runs');
    assert.equal((await runs()).trim(), String(nodes));

    // A tenth at a time, so that no wait is long. An API server may end a watch that is slow: a new list runs nothing, too.
    for (let beat = 1; beat <= rounds; beat += 1) {
      const first = ((beat - 1) * perRound) % nodes;
      await write(all.slice(first, first + perRound), beat);
      // Whoever has applied this has seen all that was written before.
      const last = nodes + beat;
      await write([last], 0);
      await daemon.until('peer-added', ({ peer }) => peer.publicIp === publicIp(last));
      assert.equal((await runs()).trim(), String(last));
    }
  },
);
