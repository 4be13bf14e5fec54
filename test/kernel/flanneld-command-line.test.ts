import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { flanneldFlags } from '../cli/flanneld/flanneld-flags.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { startEtcd } from './etcd/host-etcd.ts';
import { startDaemon } from './harness/daemon.ts';
import { oneHost } from './harness/one-host.ts';
import { reasonToSkip } from './harness/needs.ts';

const options = { skip: reasonToSkip('etcd') };
const network = { Network: '10.50.0.0/16', Backend: { Type: 'host-gw' } };

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

  await t.test('takes all of them on the command line, and warns of those that have no effect', async () => {
    const keys = etcd.under('/loom');
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
