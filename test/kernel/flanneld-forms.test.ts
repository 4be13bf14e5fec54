import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { test } from 'node:test';
import { startEtcd } from './etcd/host-etcd.ts';
import { readContainer } from './forms/container.ts';
import { readServiceUnit, type StartedProcess } from './forms/unit-file.ts';
import { startDaemon, type Daemon } from './harness/daemon.ts';
import type { Host } from './harness/host.ts';
import { reasonToSkip } from './harness/needs.ts';
import { oneHost } from './harness/one-host.ts';
import { heddle } from './lab-harness.ts';

const options = { skip: reasonToSkip('etcd') };

const read = (name: string): string => readFileSync(new URL(`forms/${name}`, import.meta.url), 'utf8');

/** Starts what was written for flanneld, with `heddle up` in its place. */
function startInPlace(host: Host, { words, environment }: StartedProcess): Promise<Daemon> {
  const [program = '', ...args] = words;
  assert.equal(basename(program), 'flanneld');
  return startDaemon(host, args, { environment, isBare: true });
}

/** Runs what was written for mk-docker-opts.sh, with `heddle docker-opts` in its place, and returns the file that it wrote. */
async function runInPlace(host: Host, { words, environment }: StartedProcess): Promise<string> {
  const [program = '', ...args] = words;
  assert.equal(basename(program), 'mk-docker-opts.sh');
  const ran = await host.run([process.execPath, heddle, 'docker-opts', ...args], { environment });
  assert.deepEqual([ran.exitCode, ran.stderr], [0, '']);
  return host.sh(`cat ${args[args.indexOf('-d') + 1] ?? ''}`);
}

function messagesOf(daemon: Daemon): readonly string[] {
  return daemon.all('warning').map(({ message }) => message);
}

test('the units of distributions for flanneld start heddle up in its place', options, async (t) => {
  const { host } = await oneHost(t);
  const etcd = await startEtcd(t, host);
  const configure = (prefix: string): Promise<void> =>
    etcd.under(prefix).setNetwork({ Network: '10.50.0.0/16', Backend: { Type: 'host-gw' } });
  const subnet = (): Promise<string> => host.sh('. /run/flannel/subnet.env; echo $FLANNEL_SUBNET');

  await t.test('a unit with a sysconfig file, and options for Docker', async () => {
    await configure('/atomic.io/network');
    const unit = readServiceUnit(read('sysconfig.service'), { '/etc/sysconfig/flanneld': read('sysconfig') });
    const daemon = await startInPlace(host, unit.start);
    assert.equal((await daemon.logged('interface-chosen')).because, '--iface names it');
    assert.deepEqual(
      messagesOf(daemon).map((message) => message.split(' ')[0]),
      ['--v'],
    );
    const [post] = unit.startPost;
    assert.ok(post !== undefined);
    const bip = await subnet();
    assert.equal(
      await runInPlace(host, post),
      `DOCKER_OPT_BIP="--bip=${bip}"\nDOCKER_OPT_IPMASQ="--ip-masq=false"\nDOCKER_OPT_MTU="--mtu=1500"\n` +
        `DOCKER_NETWORK_OPTIONS=" --bip=${bip} --ip-masq=false --mtu=1500"`,
    );
    await daemon.stop();
  });

  await t.test(
    'a unit with variables, an environment file that may be missing, and empty values',
    async () => {
      await configure('/coreos.com/network');
      const text = read('drop-in.service');
      // Without the file, the member of etcd is the one that does not answer.
      assert.equal(
        readServiceUnit(text, {}).start.environment['FLANNELD_ETCD_ENDPOINTS'],
        'http://127.0.0.1:4001',
      );
      const unit = readServiceUnit(text, { '/run/flannel/options.env': read('options.env') });
      const daemon = await startInPlace(host, unit.start);
      assert.deepEqual(
        messagesOf(daemon).map((message) => message.split(' ')[0]),
        ['--etcd-cafile'],
      );
      const [post] = unit.startPost;
      assert.ok(post !== undefined);
      assert.match(await runInPlace(host, post), /^DOCKER_OPT_BIP="--bip=10\.50\.\d+\.1\/24"\n/);
      await daemon.stop();
    },
  );

  await t.test('a unit with options in one variable', async () => {
    const unit = readServiceUnit(read('plain.service'), { '/etc/conf.d/flanneld': read('conf.d') });
    const daemon = await startInPlace(host, unit.start);
    assert.equal((await daemon.logged('interface-chosen')).because, '--iface-regex ^eth matches its name');
    assert.deepEqual(messagesOf(daemon), []);
    await daemon.stop();
  });

  await t.test('the arguments of a container', async () => {
    await configure('/cluster/network');
    const container = readContainer(read('container.json'), {
      'status.hostIP': host.publicIp,
      'metadata.name': 'flannel-x7k2p',
    });
    const daemon = await startInPlace(host, container);
    assert.equal((await daemon.logged('lease-acquired')).publicIp, host.publicIp);
    assert.match(await host.sh('cat /run/flannel/subnet.env'), /^FLANNEL_IPMASQ=true$/m);
    await daemon.stop();
  });
});
