import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { until } from '../../support/until.ts';
import { Daemon, startDaemon } from '../harness/daemon.ts';
import type { Host } from '../harness/host.ts';
import { oneHost } from '../harness/one-host.ts';
import { gatewayAddress, openGateway } from './gateway.ts';
import { shareApiServer, skip } from './kube-api-server.ts';

const server = shareApiServer();
const options = { skip, timeout: 90_000 };

const prefix = 'flannel.alpha.coreos.com/';

type CommandLine = [args: readonly string[], options: { environment: Readonly<Record<string, string>> }];

/** A host whose daemon is the node `own`, and the command line of the daemon for a network. */
async function startNode(t: TestContext): Promise<{ host: Host; words: (network: object) => CommandLine }> {
  const { host } = await oneHost(t);
  const close = await openGateway(host, server());
  t.after(async () => {
    close();
    await server().deleteAllNodes();
  });
  const file = join(temporaryDirectory(t), 'net-conf.json');
  const kubeconfig = server().kubeconfig({ address: gatewayAddress });
  const words = (network: object): CommandLine => {
    writeFileSync(file, JSON.stringify(network));
    return [
      ['--kube-subnet-mgr', '--kubeconfig-file', kubeconfig, '--net-config-path', file],
      { environment: { NODE_NAME: 'own' } },
    ];
  };
  return { host, words };
}

const commands = {
  Network: '10.50.0.0/16',
  Backend: { Type: 'extension', SubnetAddCommand: 'read -r data; echo "$SUBNET $PUBLIC_IP $data" >>runs' },
};

const dualStack = {
  Network: '10.50.0.0/16',
  EnableIPv6: true,
  IPv6Network: 'fd00:50::/32',
  Backend: { Type: 'vxlan' },
};

const annotations = (more: Readonly<Record<string, string>>): Record<string, string> => ({
  [`${prefix}kube-subnet-manager`]: 'true',
  [`${prefix}backend-type`]: 'extension',
  [`${prefix}backend-data`]: '"weft"',
  ...Object.fromEntries(Object.entries(more).map(([name, value]) => [`${prefix}${name}`, value])),
});

test('commands in net-conf.json run only with --trust-store-commands', options, async (t) => {
  const { host, words } = await startNode(t);
  await server().createNode('own', ['10.50.1.0/24']);
  const [args, environment] = words(commands);
  const { exitCode, stderr } = await new Daemon(host, args, environment).ended;
  assert.equal(exitCode, 3);
  assert.match(stderr, /net-conf\.json contains commands \(SubnetAddCommand\)/);
  assert.match(stderr, /or allow commands from the store with --trust-store-commands/);
  assert.equal((await server().node('own')).metadata.annotations, undefined);
  await server().createNode('peer', ['10.50.2.0/24'], annotations({ 'public-ip': '172.30.1.98' }));
  const daemon = await startDaemon(host, [...args, '--trust-store-commands'], environment);
  assert.equal(await host.sh('cat /run/state/runs'), '10.50.2.0/24 172.30.1.98 weft');
  await daemon.stop();
});

test('annotations of other machines decide no subnet, and bad ones run nothing', options, async (t) => {
  const { host, words } = await startNode(t);
  await server().createNode('own', ['10.50.1.0/24']);
  const bad: Readonly<Record<string, readonly [podCidr: string, more: Readonly<Record<string, string>>]>> = {
    'a-quote': ['10.50.10.0/24', { 'public-ip': '172.30.1.10', 'backend-data': '"$(touch /run/hacked)"' }],
    'b-lines': ['10.50.11.0/24', { 'public-ip': '172.30.1.11', 'backend-data': '"a\\nb c"' }],
    'c-no-json': ['10.50.12.0/24', { 'public-ip': '172.30.1.12', 'backend-data': '$(touch /run/hacked)' }],
    'd-address': ['10.50.13.0/24', { 'public-ip': '172.30.1.13; touch /run/hacked' }],
    'e-multicast': ['10.50.14.0/24', { 'public-ip': '224.0.0.1' }],
    'f-own-address': ['10.50.15.0/24', { 'public-ip': host.publicIp }],
    'g-outside': ['10.60.1.0/24', { 'public-ip': '172.30.1.16' }],
    'h-own-subnet': ['10.50.1.0/25', { 'public-ip': '172.30.1.17' }],
    'i-covers-all': ['10.50.0.0/17', { 'public-ip': '172.30.1.18' }],
  };
  for (const [name, [podCidr, more]] of Object.entries(bad))
    await server().createNode(name, [podCidr], annotations(more));
  // Names that flannel does not have, and those of a lease in etcd: no annotation is a subnet.
  const liar = { 'public-ip': '172.30.1.19', 'pod-cidr': '10.50.77.0/24', subnet: '10.50.78.0/24' };
  await server().createNode('z-liar', ['10.50.19.0/24'], annotations(liar));
  const [args, environment] = words(commands);
  const daemon = await startDaemon(host, [...args, '--trust-store-commands'], environment);
  assert.equal(await host.sh('cat /run/state/runs'), '10.50.19.0/24 172.30.1.19 weft');
  assert.equal(await host.sh('ls /run/hacked 2>/dev/null || echo none'), 'none');
  const rejected = new Set(
    daemon.events.flatMap((event) => (event.event === 'lease-rejected' ? [event.key] : [])),
  );
  for (const [name, [podCidr]] of Object.entries(bad))
    assert.ok(
      rejected.has(podCidr.replace('/', '-')) || daemon.describe().includes(name),
      `${name}\n${daemon.describe()}`,
    );

  // Whoever may patch one Node may patch all: what others write on this node's own Node does not last.
  await server().patchNode('own', {
    metadata: { annotations: annotations({ 'public-ip': '172.30.1.66', 'kube-subnet-manager': 'false' }) },
  });
  await until('the own annotations to be back', async () => {
    const { annotations: found = {} } = (await server().node('own')).metadata;
    return found[`${prefix}public-ip`] === host.publicIp && found[`${prefix}kube-subnet-manager`] === 'true';
  });
  assert.equal(await host.sh('cat /run/state/runs'), '10.50.19.0/24 172.30.1.19 weft');
  await daemon.stop();
});

test('a Node with podCIDRs that cannot be used is refused, each with its reason', options, async (t) => {
  const { host, words } = await startNode(t);
  const [args, environment] = words({ Network: '10.50.0.0/16', Backend: { Type: 'vxlan' } });
  for (const [podCIDRs, reason] of [
    [
      ['10.50.1.0/24', 'fd00:50:1::/64', '10.50.2.0/24'],
      'the Node own has 3 podCIDRs (10.50.1.0/24, fd00:50:1::/64, 10.50.2.0/24), but there may be one for each family',
    ],
    [
      ['10.50.1.0/24', '10.50.2.0/24'],
      'the Node own has two podCIDRs of one family: 10.50.1.0/24 and 10.50.2.0/24',
    ],
    [['10.50.1.0/33'], 'the Node own has the podCIDR "10.50.1.0/33", which is not a subnet'],
  ] as const) {
    // An API server refuses these, but an older one may have taken them.
    await server().smuggle('minions/own', {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: 'own', uid: '1', creationTimestamp: '2026-11-27T12:00:00Z' },
      spec: { podCIDR: podCIDRs[0], podCIDRs },
    });
    await until('the API server to know the Node', async () => {
      const { spec } = await server().node('own');
      return spec?.podCIDRs?.length === podCIDRs.length;
    });
    const { exitCode, stderr } = await new Daemon(host, args, environment).ended;
    assert.equal(exitCode, 8);
    assert.ok(stderr.includes(reason), stderr);
  }
});

test(
  'a dual-stack Node gives a subnet of each family, and publishes what flannel publishes',
  options,
  async (t) => {
    const { host, words } = await startNode(t);
    await server().createNode('own', ['fd00:50:1::/64', '10.50.1.0/24']);
    await server().createNode('peer', ['10.50.2.0/24', 'fd00:50:2::/64'], {
      [`${prefix}kube-subnet-manager`]: 'true',
      [`${prefix}backend-type`]: 'vxlan',
      [`${prefix}backend-data`]: '{"VNI":1,"VtepMAC":"aa:c0:4f:28:74:94"}',
      [`${prefix}backend-v6-data`]: '{"VNI":1,"VtepMAC":"aa:c0:4f:28:74:95"}',
      [`${prefix}public-ip`]: '172.30.1.98',
      [`${prefix}public-ipv6`]: 'fd00:99:1::98',
    });
    const daemon = await startDaemon(host, ...words(dualStack));
    const { annotations: found = {} } = (await server().node('own')).metadata;
    const mac = async (device: string): Promise<string> =>
      (await host.sh(`cat /sys/class/net/${device}/address`)).trim();
    assert.deepEqual(found, {
      [`${prefix}backend-data`]: `{"VNI":1,"VtepMAC":"${await mac('flannel.1')}"}`,
      [`${prefix}backend-type`]: 'vxlan',
      [`${prefix}backend-v6-data`]: `{"VNI":1,"VtepMAC":"${await mac('flannel-v6.1')}"}`,
      [`${prefix}kube-subnet-manager`]: 'true',
      [`${prefix}public-ip`]: host.publicIp,
      [`${prefix}public-ipv6`]: host.publicIpv6,
    });
    const routes = await host.sh('ip route show dev flannel.1; ip -6 route show dev flannel-v6.1');
    assert.match(routes, /^10\.50\.2\.0\/24 /m);
    assert.match(routes, /^fd00:50:2::\/64 /m);
    assert.match(await host.sh('cat /run/subnet.env'), /FLANNEL_IPV6_SUBNET=fd00:50:1::1\/64/);
    await daemon.stop();

    // A Node of one family does not fit the network.
    await server().deleteAllNodes();
    await server().createNode('own', ['10.50.1.0/24']);
    const { exitCode, stderr } = await new Daemon(host, ...words(dualStack)).ended;
    assert.equal(exitCode, 8);
    assert.match(stderr, /this node has no IPv6 podCIDR, but the network has the IPv6 network fd00:50::\/32/);
  },
);
