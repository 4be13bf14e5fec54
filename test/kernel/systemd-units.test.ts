import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { test, type TestContext } from 'node:test';
import { startEtcd } from './etcd/host-etcd.ts';
import { shippedUnit, Systemd } from './forms/systemd.ts';
import type { Host } from './harness/host.ts';
import { reasonToSkip } from './harness/needs.ts';
import { oneHost } from './harness/one-host.ts';

const options = { skip: reasonToSkip('etcd', 'systemctl', 'systemd-notify', 'iptables') };
/** What a package installs. */
const program = resolve(import.meta.dirname, '../../bin/heddle');

/** systemd on a host, with shipped units that log to files, and heddle where a package has it. */
async function bootWith(t: TestContext, host: Host, ...units: readonly string[]): Promise<Systemd> {
  const texts = units.flatMap((name): [string, string][] => [
    [name, shippedUnit(name)],
    [`${name}.d/log.conf`, '[Service]\nStandardOutput=append:/run/%N.log\nStandardError=inherit'],
  ]);
  const systemd = await Systemd.boot(t, host, Object.fromEntries(texts));
  await systemd.sh(`ln -s ${program} /usr/bin/heddle`);
  return systemd;
}

test('systemd-analyze has nothing to say of the shipped units', options, async (t) => {
  const { host } = await oneHost(t);
  const systemd = await bootWith(t, host, 'heddle.service', 'heddle@.service');
  const { exitCode, stdout, stderr } = await systemd.run(
    ...[
      'systemd-analyze',
      'verify',
      '--man=no',
      '/run/units/heddle.service',
      '/run/units/heddle@blue.service',
    ],
  );
  assert.deepEqual([exitCode, stdout, stderr], [0, '', '']);
});

test(
  'systemd runs two instances of heddle@, restarts them, and leaves their networks up',
  options,
  async (t) => {
    const { host } = await oneHost(t);
    const etcd = await startEtcd(t, host);
    const systemd = await bootWith(t, host, 'heddle@.service');
    for (const [name, network, vni] of [
      ['blue', '10.50.0.0/16', 5],
      ['red', '10.60.0.0/16', 6],
    ] as const) {
      await etcd
        .under(`/${name}/network`)
        .setNetwork({ Network: network, Backend: { Type: 'vxlan', VNI: vni } });
      await systemd.write(
        `/etc/heddle/${name}.env`,
        `FLANNELD_ETCD_PREFIX=/${name}/network\nFLANNELD_IFACE=eth0`,
      );
    }
    const show = (property: string): Promise<string> =>
      systemd.sh(`systemctl show --value -p ${property} heddle@blue`);
    const describe = async (): Promise<string> =>
      (await systemd.run('sh', '-c', 'tail -n 20 /run/heddle@*.log')).stdout;
    const kernel = (): Promise<string> =>
      systemd.sh('cat /run/flannel/*.env; ip -o link; ip -o -4 address show; iptables -S FORWARD');

    // Type=notify: this ends when both are ready.
    const started = await systemd.run('systemctl', 'start', 'heddle@blue', 'heddle@red');
    assert.equal(started.exitCode, 0, started.stderr + (await describe()));
    assert.deepEqual([await show('ActiveState'), await show('StatusText')], ['active', 'running']);
    assert.equal(
      await systemd.sh('stat -c "%a %n" /var/lib/heddle/*'),
      '700 /var/lib/heddle/blue\n700 /var/lib/heddle/red',
    );
    const before = await kernel();
    assert.match(before, /^FLANNEL_SUBNET=10\.50\.[^]*^FLANNEL_SUBNET=10\.60\./m);
    assert.match(before, / flannel\.5: [^]*| flannel\.6: /);
    for (const name of ['blue', 'red']) assert.match(before, new RegExp(`-j HEDDLE-FWD-${name}$`, 'm'));

    await systemd.sh('systemctl restart heddle@blue');
    assert.deepEqual(await kernel(), before, 'a restart leaves everything as it is');
    const pid = await show('MainPID');
    await systemd.sh(`kill -KILL ${pid}`);
    await systemd.until(
      `test "$(systemctl show --value -p MainPID heddle@blue)" != ${pid} && systemctl -q is-active heddle@blue`,
    );
    assert.equal(await show('NRestarts'), '1');
    await systemd.sh('systemctl stop heddle@blue heddle@red');
    assert.deepEqual(await kernel(), before, 'a stop leaves the network up');

    // A wrong option ends with a code for which a restart does not help.
    await systemd.sh('echo FLANNELD_IP_MASQ=perhaps >>/etc/heddle/blue.env');
    assert.notEqual((await systemd.run('systemctl', 'start', 'heddle@blue')).exitCode, 0);
    assert.deepEqual(
      [await show('ActiveState'), await show('ExecMainStatus'), await show('NRestarts')],
      ['failed', '2', '0'],
    );
    assert.match(await describe(), /from env 'FLANNELD_IP_MASQ' is invalid/);
    for (const name of ['blue', 'red']) await systemd.sh(`heddle down --state-dir /var/lib/heddle/${name}`);
    assert.doesNotMatch(
      await systemd.sh('ip -o link; iptables -S; ls /run/flannel'),
      /flannel\.[56]|HEDDLE|\.env/,
    );
  },
);

test('systemd runs heddle.service with options of flanneld', options, async (t) => {
  const { host } = await oneHost(t);
  const etcd = await startEtcd(t, host, host.publicIp);
  await etcd.under('/coreos.com/network').setNetwork({ Network: '10.50.0.0/16', Backend: { Type: 'vxlan' } });
  const systemd = await bootWith(t, host, 'heddle.service');
  const command = `/usr/bin/heddle up --etcd-endpoints http://${host.publicIp}:2379 -iface=eth0 -ip-masq`;
  await systemd.write('/etc/systemd/own.conf', `[Service]\nExecStart=\nExecStart=${command}\nWatchdogSec=2`);
  await systemd.sh(
    'mv /etc/systemd/own.conf /run/units/heddle.service.d/own.conf; systemctl daemon-reload; systemctl start heddle',
  );
  const status = await systemd.sh('heddle status');
  assert.match(status, /running/);
  // A daemon of which nothing moves any more is ended by the watchdog, and started again.
  const pid = await systemd.sh('systemctl show --value -p MainPID heddle');
  await systemd.sh(`kill -STOP ${pid}`);
  await systemd.until(
    `test "$(systemctl show --value -p MainPID heddle)" != ${pid} && systemctl -q is-active heddle`,
  );
  await systemd.sh('systemctl stop heddle; heddle down');
});
