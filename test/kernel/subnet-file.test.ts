import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exitCodes } from '../../src/diagnostic/failure.ts';
import { runOn, startDaemon, type Daemon } from './harness/daemon.ts';
import type { Host } from './harness/host.ts';
import { reasonToSkip } from './harness/needs.ts';
import { oneHost } from './harness/one-host.ts';
import type { StoreDirectory } from './harness/store-directory.ts';
import { heddle } from './lab-harness.ts';

const options = { skip: reasonToSkip() };

function start(
  host: Host,
  store: StoreDirectory,
  subnetFile: string,
  more: readonly string[] = [],
): Promise<Daemon> {
  const recipe = store.recipe('plain', { Network: '10.50.0.0/16', Backend: { Type: 'plain' } });
  const args = ['--recipe', recipe, '--store-dir', store.path, '--subnet-file', subnetFile];
  return startDaemon(host, [...args, '--check-interval', '1', ...more]);
}

test('a subnet file that is a mount point is written in place', options, async (t) => {
  const { host, store } = await oneHost(t);
  await host.sh(
    'mkdir /run/fixed && cd /run/fixed && yes FLANNEL_OLD=1 | head -n 99 >there && touch subnet.env && mount --bind there subnet.env',
  );
  const daemon = await start(host, store, '/run/fixed/subnet.env');
  const written = await host.sh('cat /run/fixed/there');
  assert.match(
    written,
    /^FLANNEL_NETWORK=10\.50\.0\.0\/16\nFLANNEL_SUBNET=10\.50\.\d+\.1\/24\nFLANNEL_MTU=1500\nFLANNEL_IPMASQ=false$/,
  );
  // Somebody else's content is put right in place, too.
  await host.sh('echo FLANNEL_MTU=9000 >/run/fixed/subnet.env');
  await daemon.until('part-restored', ({ part }) => part === 'subnet-file');
  assert.equal(await host.sh('cat /run/fixed/subnet.env'), written);
  await daemon.stop();
  assert.equal(await host.sh('ls -A /run/fixed; cat /run/fixed/there'), 'subnet.env\nthere');
});

test('a subnet file in a directory that is mounted read-only is written in place', options, async (t) => {
  const { host, store } = await oneHost(t);
  await host.sh(
    'mkdir /run/fixed && touch /run/fixed/subnet.env /run/there && mount --bind /run/fixed /run/fixed &&' +
      ' mount --bind /run/there /run/fixed/subnet.env && mount -o remount,bind,ro /run/fixed',
  );
  const daemon = await start(host, store, '/run/fixed/subnet.env');
  assert.match(await host.sh('cat /run/there'), /^FLANNEL_MTU=1500$/m);
  await daemon.stop();
  assert.equal(await host.sh('cat /run/there'), '');
});

test('a subnet file that moves between two runs is not left behind', options, async (t) => {
  const { host, store } = await oneHost(t);
  await host.sh(
    'mkdir /run/fixed && touch /run/there /run/fixed/subnet.env && mount --bind /run/there /run/fixed/subnet.env',
  );
  const leave = ['--on-exit', 'leave'];
  const paths = ['/run/first.env', '/run/fixed/subnet.env', '/run/third/subnet.env'] as const;
  let content = '';
  for (const [index, path] of paths.entries()) {
    const daemon = await start(host, store, path, leave);
    const written = await host.sh(`cat ${path}`);
    assert.match(written, /^FLANNEL_SUBNET=10\.50\./m);
    if (index > 0) assert.equal(written, content, 'the subnet stays');
    content = written;
    assert.deepEqual(daemon.all('warning'), []);
    if (index === 1) await daemon.kill();
    else await daemon.stop();
    const others = paths.filter((each) => each !== path);
    assert.equal(await host.sh(`cat ${others.join(' ')} 2>/dev/null || :`), '', `beside ${path}`);
  }
  await runOn(host, 'down');
  assert.equal(await host.sh('ls /run/third; cat /run/fixed/subnet.env'), '');
});

test('heddle docker-opts reports a route that has this subnet', options, async (t) => {
  const { host } = await oneHost(t);
  const command = `${process.execPath} ${heddle} docker-opts -f /run/subnet.env -d /run/docker.env`;
  await host.sh(
    `echo FLANNEL_SUBNET=10.50.4.1/24 >/run/subnet.env; ip route add 10.50.40.0/24 via 172.30.1.9; ${command}`,
  );
  await host.sh('ip route add 10.50.4.0/24 via 172.30.1.9');
  const { exitCode, stderr } = await host.run(['sh', '-c', `rm /run/docker.env; ${command}`]);
  assert.equal(exitCode, exitCodes.taken);
  assert.match(
    stderr,
    /^heddle: the routing table already contains the subnet: 10\.50\.4\.0\/24 via 172\.30\.1\.9 /,
  );
  assert.match(await host.sh('cat /run/docker.env'), /^DOCKER_OPTS=" --bip=10\.50\.4\.1\/24"$/m);
});
