import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { exitCodes } from '../../src/diagnostic/failure.ts';
import { flanneldFlags } from '../cli/flanneld/flanneld-flags.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { startEtcd } from './etcd/host-etcd.ts';
import { Daemon, startDaemon } from './harness/daemon.ts';
import { oneHost } from './harness/one-host.ts';
import { reasonToSkip } from './harness/needs.ts';

const options = { skip: reasonToSkip('etcd') };
const network = { Network: '10.50.0.0/16', Backend: { Type: 'host-gw' } };

/** The reason why a daemon does not start with a flag alone. */
const refusals: Readonly<Record<string, RegExp>> = {
  'etcd-keyfile': /a key file for etcd was given, but no certificate file/,
  'etcd-certfile': /a certificate file for etcd was given, but no key file/,
  'etcd-cafile':
    /the etcd endpoint http:\/\/127\.0\.0\.1:4001 is not encrypted, but .* an authority for TLS was given/,
  'etcd-username': /the etcd user weaver was given without a password/,
  'etcd-password': /an etcd password was given without a user\n {2}give the user with --etcd-username/,
  'kube-subnet-mgr':
    /this node's Node is not known\n {2}give --kube-node-name, or set the variable NODE_NAME/,
};

/** Needs an etcd with users or certificates, or would end the daemon; test/cli/flanneld and test/kernel/etcd have them. */
const elsewhere =
  /^etcd-(?:username|password|keyfile|certfile|cafile)$|^version$|^kube-subnet-mgr$|^iface-can-reach$/;

test("heddle up with flanneld's options", options, async (t) => {
  const { host } = await oneHost(t);
  const etcd = await startEtcd(t, host);
  const subnetFile = join(temporaryDirectory(t), 'subnet.env');
  const live: Readonly<Record<string, string>> = {
    'etcd-endpoints': 'http://127.0.0.1:2379',
    'public-ip': host.publicIp,
    'subnet-file': subnetFile,
  };
  const flags = flanneldFlags
    .filter(({ name }) => !elsewhere.test(name))
    .map((flag) => ({ ...flag, sample: live[flag.name] ?? flag.sample }));
  const warned = flags.filter(({ outcome }) => outcome === 'warning');

  const keys = etcd.under('/loom');

  await t.test('takes all of them on the command line, and warns of those that have no effect', async () => {
    await keys.setNetwork(network);
    const daemon = await startDaemon(
      host,
      flags.map(({ name, sample }) => `-${name}=${sample}`),
      { isBare: true },
    );
    const warnings = daemon.all('warning').map(({ message }) => message);
    for (const { name } of warned) {
      const own = warnings.filter((message) => message.startsWith(`--${name} `));
      assert.equal(own.length, 1, `${name}: ${warnings.join('\n')}`);
    }
    assert.equal(warnings.length, warned.length);
    assert.match(
      await readFile(subnetFile, 'utf8'),
      /^FLANNEL_SUBNET=10\.50\..*\nFLANNEL_MTU=1500\n.*=true\n$/m,
    );
    await daemon.stop();
  });

  await t.test('takes each of them alone', async () => {
    await etcd.under('/coreos.com/network').setNetwork(network);
    await keys.setNetwork(network);
    const reachable: Readonly<Record<string, string>> = { ...live, 'iface-can-reach': '172.30.1.254' };
    for (const { name, sample, outcome } of flanneldFlags) {
      const daemon = new Daemon(host, [`-${name}=${reachable[name] ?? sample}`], { isBare: true });
      const refusal = refusals[name];
      if (refusal !== undefined || outcome === 'version') {
        const { exitCode, stderr } = await daemon.ended;
        assert.equal(exitCode, refusal === undefined ? 0 : exitCodes.usage, name);
        assert.match(stderr, refusal ?? /^$/, name);
        continue;
      }
      await daemon.logged('ready');
      const messages = daemon.all('warning').map(({ message }) => message);
      const others = messages.filter((message) => !message.startsWith(`--${name} is given and the store is`));
      assert.equal(messages.length - others.length, name.startsWith('etcd-') ? 0 : 1, messages.join('\n'));
      assert.equal(others.length, outcome === 'warning' ? 1 : 0, messages.join('\n'));
      for (const message of others) assert.ok(message.startsWith(`--${name} `), message);
      await daemon.stop();
    }
  });

  await t.test('takes all of them as variables', async () => {
    const environment = Object.fromEntries(flags.map(({ variable, sample }) => [variable, sample]));
    const daemon = await startDaemon(host, [], { environment, isBare: true });
    const warnings = daemon.all('warning').map(({ message }) => message);
    assert.deepEqual(
      warnings.map((message) => message.split(' ')[0]).toSorted(),
      warned.map(({ variable }) => variable).toSorted(),
    );
    await daemon.stop();
  });

  await t.test("uses etcd at flanneld's default when no store is chosen, and says so", async () => {
    await etcd.under('/coreos.com/network').setNetwork(network);
    for (const [args, environment, origin] of [
      [['--iface', 'eth0'], {}, '--iface'],
      [['-iface-regex', '^eth0$', '--public-ip='], { FLANNELD_PUBLIC_IP: '10.9.8.7' }, '--iface-regex'],
      [[], { FLANNELD_IFACE: 'eth0', FLANNELD_IPMASQ: '' }, 'FLANNELD_IFACE'],
    ] as const) {
      const daemon = await startDaemon(host, args, {
        environment: { ...environment, FLANNELD_SUBNET_FILE: subnetFile },
        isBare: true,
      });
      const { source } = await daemon.logged('network-configured');
      assert.match(source, /etcd/);
      const said = daemon.all('warning').find(({ message }) => message.startsWith(`${origin} is given and`));
      assert.match(
        said?.message ?? '',
        /in etcd at http:\/\/127\.0\.0\.1:4001,http:\/\/127\.0\.0\.1:2379, as/,
      );
      if (origin === '--iface-regex') {
        const messages = daemon.all('warning').map(({ message }) => message);
        assert.ok(messages.includes('--public-ip is empty and has no effect, as in flanneld'));
        const { publicIp } = await daemon.logged('lease-acquired');
        assert.equal(publicIp, host.publicIp, 'nor does the variable that it overrides');
      }
      await daemon.stop();
    }
  });
});
