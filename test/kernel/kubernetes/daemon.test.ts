import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { until } from '../../support/until.ts';
import { Daemon, startDaemon } from '../harness/daemon.ts';
import { startHosts } from '../harness/host-set.ts';
import type { Host } from '../harness/host.ts';
import { findDevice, neighboursOf, routesOf } from '../harness/kernel-state.ts';
import { gatewayAddress, openGateway } from './gateway.ts';
import { shareApiServer, skip, type KubeApiServer } from './kube-api-server.ts';

const shared = shareApiServer();
const options = { skip, timeout: 90_000 };

const prefix = 'flannel.alpha.coreos.com/';

/** The words and the environment of a daemon that runs as in a cluster. */
function commandLine(
  t: TestContext,
  server: KubeApiServer,
  node: string,
  network: object = { Network: '10.50.0.0/16', Backend: { Type: 'vxlan' } },
): [args: readonly string[], options: { environment: Readonly<Record<string, string>> }] {
  const file = join(temporaryDirectory(t), 'net-conf.json');
  writeFileSync(file, JSON.stringify(network));
  const kubeconfig = server.kubeconfig({ address: gatewayAddress });
  return [
    ['-kube-subnet-mgr', '-kubeconfig-file', kubeconfig, '-net-config-path', file],
    { environment: { NODE_NAME: node } },
  ];
}

async function hostsBefore(t: TestContext, server: KubeApiServer, count: number): Promise<readonly Host[]> {
  const set = await startHosts(Array.from({ length: count }, () => 1));
  const gateways: (() => void)[] = [];
  t.after(async () => {
    for (const close of gateways) close();
    await set.close();
    await server.deleteAllNodes();
  });
  for (const host of set.hosts) gateways.push(await openGateway(host, server));
  return set.hosts;
}

test(
  'two nodes of a cluster find each other, write what flannel writes, and sleep through heartbeats',
  options,
  async (t) => {
    const server = shared();
    const [one, two] = await hostsBefore(t, server, 2);
    assert.ok(one !== undefined && two !== undefined);
    await server.createNode('one', ['10.50.1.0/24']);
    await server.createNode('two', ['10.50.2.0/24']);
    const first = await startDaemon(one, ...commandLine(t, server, 'one'));
    const device = await findDevice(one, 'flannel.1');
    const { metadata, status } = await until('the condition of the Node', async () => {
      const node = await server.node('one');
      const { conditions = [] } = node.status;
      return conditions.some(({ type }) => type === 'NetworkUnavailable') && node;
    });
    assert.deepEqual(metadata.annotations, {
      [`${prefix}backend-data`]: `{"VNI":1,"VtepMAC":"${device?.address}"}`,
      [`${prefix}backend-type`]: 'vxlan',
      [`${prefix}kube-subnet-manager`]: 'true',
      [`${prefix}public-ip`]: one.publicIp,
    });
    const condition = status.conditions?.find(({ type }) => type === 'NetworkUnavailable');
    assert.deepEqual(
      [condition?.status, condition?.reason, condition?.message],
      ['False', 'FlannelIsUp', 'Flannel is running on this node'],
    );

    await startDaemon(two, ...commandLine(t, server, 'two'));
    await until('the peers of both', async () => {
      const [seen, back] = [await routesOf(one), await routesOf(two)];
      return (
        seen.some((line) => line.startsWith('10.50.2.0/24')) &&
        back.some((line) => line.startsWith('10.50.1.0/24'))
      );
    });
    assert.equal((await neighboursOf(one, 'flannel.1')).length, 1);

    const ran = first.events.length;
    for (let beat = 0; beat < 100; beat += 1) await server.heartbeat('two');
    await server.createNode('three', ['10.50.3.0/24'], {
      [`${prefix}kube-subnet-manager`]: 'true',
      [`${prefix}backend-type`]: 'vxlan',
      [`${prefix}backend-data`]: '{"VNI":1,"VtepMAC":"aa:c0:4f:28:74:94"}',
      [`${prefix}public-ip`]: '172.30.1.99',
    });
    await first.logged('peer-added', ({ peer }) => peer.subnet === '10.50.3.0/24');
    const since = first.events.slice(ran).map(({ event }) => event);
    assert.deepEqual(
      since.filter((event) => event.startsWith('peer-') || event === 'snapshot'),
      ['peer-added'],
    );
    await server.deleteNode('three');
    await until('the peer to go', async () =>
      (await routesOf(one)).every((line) => !line.startsWith('10.50.3.0/24')),
    );
  },
);

test('a Node that cannot give a subnet is named, with the reason', options, async (t) => {
  const server = shared();
  const [host] = await hostsBefore(t, server, 1);
  assert.ok(host !== undefined);
  await server.createNode('outside', ['10.60.1.0/24']);
  await server.createNode('other-family', ['2001:db8:1::/64']);
  const refused = async (node: string): Promise<string> => {
    const { exitCode, stderr } = await new Daemon(host, ...commandLine(t, server, node)).ended;
    assert.equal(exitCode, 8, stderr);
    return stderr;
  };
  assert.match(
    await refused('outside'),
    /the podCIDR 10\.60\.1\.0\/24 of this node is not inside the network 10\.50\.0\.0\/16/,
  );
  assert.match(
    await refused('other-family'),
    /this node has no IPv4 podCIDR, but the network has the IPv4 network 10\.50\.0\.0\/16/,
  );

  // A controller may assign a subnet at any time.
  await server.createNode('late', []);
  const daemon = new Daemon(host, ...commandLine(t, server, 'late'));
  await daemon.until('store-outage', ({ because }) => because.includes('the Node late has no podCIDR'));
  await server.patchNode('late', { spec: { podCIDR: '10.50.9.0/24', podCIDRs: ['10.50.9.0/24'] } });
  await daemon.until('ready');
});

test('addresses that an operator annotates are used and published', options, async (t) => {
  const server = shared();
  const [host] = await hostsBefore(t, server, 1);
  assert.ok(host !== undefined);
  await host.sh('ip address add 198.51.100.7/32 dev eth0');
  await server.createNode('one', ['10.50.1.0/24'], { [`${prefix}node-public-ip`]: '198.51.100.7' });
  const first = await startDaemon(host, ...commandLine(t, server, 'one'));
  const read = async (): Promise<string | undefined> =>
    (await server.node('one')).metadata.annotations?.[`${prefix}public-ip`];
  assert.equal(await read(), '198.51.100.7');
  await first.stop();
  await server.patchNode('one', {
    metadata: { annotations: { [`${prefix}public-ip-overwrite`]: '203.0.113.5' } },
  });
  const second = await startDaemon(host, ...commandLine(t, server, 'one'));
  assert.equal(await read(), '203.0.113.5');
  assert.deepEqual(second.all('lease-lost'), [], second.describe());
});
