import assert from 'node:assert/strict';
import { chmodSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { NodeStatus } from '../../src/daemon/report/status.ts';
import { Installation } from './faults/installation.ts';
import { runOn } from './harness/daemon.ts';
import type { Host } from './harness/host.ts';
import { fdbOf, findDevice, routesOf } from './harness/kernel-state.ts';
import { reasonToSkip } from './harness/needs.ts';
import { oneHost } from './harness/one-host.ts';

const page = readFileSync(new URL('../../SECURITY.md', import.meta.url), 'utf8');

function settingOf(name: string): string {
  const value = new RegExp(`^${name}=(.*)$`, 'm').exec(page)?.[1];
  assert.ok(value !== undefined, `the unit in SECURITY.md sets ${name}`);
  return value;
}

const capabilities = settingOf('CapabilityBoundingSet')
  .split(' ')
  .map((name) => `,+${name.replace('CAP_', '').toLowerCase()}`)
  .join('');

/** Some user that nobody is. */
const user = 64_999;

/** Shell text that makes the file system as ProtectSystem=strict and the unit's directories leave it. */
const sandbox = `
mkdir -p /run/sandbox/state /run/sandbox/store/subnets /run/sandbox/flannel /run/sandbox/tmp
chmod 700 /run/sandbox/state
chown -R ${user}:${user} /run/sandbox
mount --make-rprivate /
cut -d' ' -f2 /proc/self/mounts | grep -vE '^/(proc|dev|run)(/|$)' | while read -r point; do
  mount -o remount,bind,ro "$point" 2>/dev/null || true
done
! touch /usr/heddle-was-here 2>/dev/null
exec "$@"
`;

/** The words that start a program as the unit of SECURITY.md does. */
const confined = [
  ...['unshare', '--mount', 'sh', '-ec', sandbox, 'sh'],
  ...['setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups', '--no-new-privs'],
  ...['bounding-set', 'inh-caps', 'ambient-caps'].map((set) => `--${set}=-all${capabilities}`),
  ...['--', 'env', 'TMPDIR=/run/sandbox/tmp'],
];

async function putPeer(host: Host, type: string, data: string): Promise<void> {
  const value = `{"PublicIP":"172.30.1.254","BackendType":"${type}"${data}}`;
  await host.sh(
    `mkdir -p /run/sandbox/store/subnets; echo '${value}' >/run/sandbox/store/subnets/10.50.99.0-24`,
  );
}

describe(
  'with the one capability that SECURITY.md names, and no other privilege',
  { skip: reasonToSkip() },
  () => {
    const recipes = [
      {
        recipe: 'vxlan',
        data: ',"BackendData":{"VNI":1,"VtepMAC":"02:00:00:00:00:99"}',
        via: '10.50.99.0 dev flannel.1',
      },
      { recipe: 'host-gw', data: '', via: '172.30.1.254 dev eth0' },
    ];
    for (const { recipe, data, via } of recipes) {
      test(`${recipe} comes up, has its peers, and goes down`, async (t) => {
        const { host } = await oneHost(t);
        const installation = new Installation(t);
        chmodSync(installation.directory, 0o755);
        await putPeer(host, recipe, data);
        const daemon = host.start([
          ...[
            ...confined,
            process.execPath,
            installation.program,
            'up',
            '--recipe',
            recipe,
            '--iface',
            'eth0',
          ],
          ...['--state-dir', '/run/sandbox/state', '--store-dir', '/run/sandbox/store'],
          ...['--subnet-file', '/run/sandbox/flannel/subnet.env'],
          ...['--log-format', 'json', '--log-level', 'debug'],
        ]);
        const ready = host.until('[ -e /run/sandbox/flannel/subnet.env ]');
        const ended = daemon.then(({ stderr, stdout }) => assert.fail(`${stdout}\n${stderr}`));
        await Promise.race([ready, ended]);
        assert.deepEqual(
          (await routesOf(host)).map((route) => route.replace(/ (metric|proto) \d+| onlink/g, '').trim()),
          [`10.50.99.0/24 via ${via}`],
        );
        if (recipe === 'vxlan') assert.equal((await fdbOf(host, 'flannel.1')).length, 1);
        const state = ['--state-dir', '/run/sandbox/state'];
        const { pid } = JSON.parse((await runOn(host, 'status', '--json', ...state)).stdout) as NodeStatus;
        assert.deepEqual(
          await host.lines(`sed -n 's/^CapEff:\\t//p; s/^Uid:\\t\\([0-9]*\\).*/\\1/p' /proc/${pid}/status`),
          ['0000000000001000', String(user)],
        );
        ended.catch(() => undefined);
        const down = await runOn(host, 'down', ...state);
        assert.equal(down.exitCode, 0, down.stderr);
        assert.deepEqual(await routesOf(host), []);
        assert.equal(await findDevice(host, 'flannel.1'), undefined);
        assert.equal((await daemon).exitCode, 0);
      });
    }
  },
);
