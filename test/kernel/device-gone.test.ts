import assert from 'node:assert/strict';
import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import type { NodeStatus } from '../../src/daemon/report/status.ts';
import { exitCodes } from '../../src/diagnostic/failure.ts';
import { until } from '../support/until.ts';
import { runOn, startDaemon } from './harness/daemon.ts';
import type { Host } from './harness/host.ts';
import { reasonToSkip } from './harness/needs.ts';
import { oneHost } from './harness/one-host.ts';

const documented = JSON.parse(readFileSync('test/recipes/extension-vxlan.json', 'utf8')) as {
  readonly Backend: Readonly<Record<string, string>>;
};

const remove = {
  SubnetRemoveCommand:
    'export DEV=flannel-vxlan; read VTEP; ip route del $SUBNET; arp -d ${SUBNET%/*} -i $DEV; bridge fdb del $VTEP dev $DEV dst $PUBLIC_IP',
};
const check = {
  CheckCommand: 'ip link show flannel-vxlan >/dev/null && ip route show dev flannel-vxlan | cut -d" " -f1',
};

/** flannel's documented vxlan recipe, which has neither command, and the three ways to add them. */
const recipes: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'neither SubnetRemoveCommand nor CheckCommand': {},
  'CheckCommand only': check,
  'SubnetRemoveCommand only': remove,
  'both commands': { ...remove, ...check },
};

const [mac, otherMac] = ['02:00:00:00:00:61', '02:00:00:00:00:62'];

async function start(t: TestContext, more: Readonly<Record<string, string>>) {
  const { host, store } = await oneHost(t);
  const { PreStartupCommand = '' } = documented.Backend;
  const backend = {
    ...documented.Backend,
    ...more,
    // The test decides whether the device can be made.
    PreStartupCommand: `test ! -e /run/barred && { ${PreStartupCommand}; }`,
  };
  store.put('10.50.98.0/24', '172.30.1.98', { BackendData: mac });
  const recipe = store.recipe('vxlan', { ...documented, SubnetMax: '10.50.90.0', Backend: backend });
  const args = ['--recipe', recipe, '--store-dir', store.path, '--check-interval', '3600'];
  const daemon = await startDaemon(host, args);
  const status = (): ReturnType<typeof statusOf> => statusOf(host);
  const entries = (): Promise<readonly string[]> => entriesOn(host);
  const { lease } = await status();
  const own = lease?.subnet ?? 'none';
  return { host, store, daemon, status, entries, own };
}

async function statusOf(host: Host): Promise<NodeStatus & { readonly exitCode: number | undefined }> {
  const ran = await runOn(host, 'status', '--json');
  return { ...(JSON.parse(ran.stdout) as NodeStatus), exitCode: ran.exitCode };
}

/** The route, the neighbour and the FDB entry of each peer. */
async function entriesOn(host: Host): Promise<readonly string[]> {
  return [
    ...(await host.lines('ip route show dev flannel-vxlan | cut -d" " -f1')),
    ...(await host.lines('ip neigh show dev flannel-vxlan nud permanent | cut -d" " -f1,3')),
    ...(await host.lines('bridge fdb show dev flannel-vxlan | cut -d" " -f1,3')),
  ];
}

const entriesOf = (vtep: string, publicIp: string, third = 98): readonly string[] => [
  `10.50.${third}.0/24`,
  `10.50.${third}.0 ${vtep}`,
  `${vtep} ${publicIp}`,
];

describe('flannel’s documented vxlan recipe', { skip: reasonToSkip(), concurrency: 2 }, () => {
  for (const [name, more] of Object.entries(recipes)) {
    test(`with ${name}: a device that is gone is never running, and is built again with all peers and the same lease`, async (t) => {
      const { host, store, daemon, status, entries, own } = await start(t, more);
      assert.deepEqual(await entries(), entriesOf(mac, '172.30.1.98'));
      const before = store.read(own)['BackendData'];
      await host.sh('touch /run/barred; ip link del flannel-vxlan');
      const gone = await status();
      assert.deepEqual([gone.state, gone.exitCode], ['degraded', exitCodes.degraded]);
      assert.match(gone.because ?? '', /device: /);
      assert.equal(gone.counts.inPlace, 0);
      await until('the failed repair', async () => {
        const device = (await status()).parts.find((part) => part.name === 'device');
        return device?.state === 'broken' && device.failures > 0;
      });
      await host.sh('rm /run/barred');
      await until('the node to run', async () => (await status()).exitCode === 0);
      assert.deepEqual(await entries(), entriesOf(mac, '172.30.1.98'));
      assert.equal((await status()).lease?.subnet, own);
      const after = store.read(own)['BackendData'];
      assert.notEqual(after, before, 'the MAC of the new device is published');
      assert.equal(await host.sh('cat /sys/class/net/flannel-vxlan/address'), after);
      assert.deepEqual(daemon.all('lease-acquired').length, 1);
      await daemon.stop();
    });

    test(`with ${name}: a peer that changes is exact in the kernel, or status says which command to add`, async (t) => {
      const { store, daemon, status, entries } = await start(t, more);
      store.put('10.50.98.0/24', '172.30.1.99', { BackendData: otherMac });
      if ('SubnetRemoveCommand' in more) {
        await until('the changed peer', async () => {
          const found = await entries();
          return found.join() === entriesOf(otherMac, '172.30.1.99').join();
        });
        await until('the node to run', async () => (await status()).exitCode === 0);
      } else {
        const failing = await until('the peer to fail', async () => {
          const found = await status();
          return found.counts.failing === 1 ? found : undefined;
        });
        assert.equal(failing.state, 'degraded');
        assert.match(
          JSON.stringify(failing.peers),
          /does not have a SubnetRemoveCommand, .*add that command to the recipe/,
        );
      }
      const peers = (await status()).parts.find((part) => part.name === 'peers');
      for (const command of ['SubnetRemoveCommand', 'CheckCommand']) {
        const isNamed = peers?.settings.includes(`: add a ${command} to the recipe`);
        assert.equal(isNamed, !(command in more), peers?.settings);
      }
      await daemon.stop();
    });
  }
});

/** flannel's own recipe, in the modules that Go has downloaded. It is not copied into this project. */
const ownRecipe = join(
  process.env['GOMODCACHE'] ?? join(process.env['GOPATH'] ?? join(homedir(), 'go'), 'pkg', 'mod'),
  'github.com/flannel-io/flannel@v0.28.9/dist/extension-vxlan',
);
const withoutOwnRecipe =
  !existsSync(ownRecipe) &&
  "needs flannel's own recipe: go mod download github.com/flannel-io/flannel@v0.28.9";

describe('flannel’s own file extension-vxlan', { skip: reasonToSkip('arp') || withoutOwnRecipe }, () => {
  test('builds its device again as it stands, with all peers and the same lease', async (t) => {
    const { host, store } = await oneHost(t);
    const peers = [97, 98].map((third) => ({ third, vtep: `02:00:00:00:00:${third}` }));
    for (const { third, vtep } of peers)
      store.put(`10.50.${third}.0/24`, `172.30.1.${third}`, { BackendData: vtep });
    const recipe = join(store.path, 'extension-vxlan.json');
    copyFileSync(ownRecipe, recipe);
    const args = ['--recipe', recipe, '--store-dir', store.path, '--check-interval', '3600'];
    const daemon = await startDaemon(host, args);
    const wanted = peers.flatMap(({ third, vtep }) => entriesOf(vtep, `172.30.1.${third}`, third)).sort();
    assert.deepEqual((await entriesOn(host)).toSorted(), wanted);
    const address = (): Promise<string> => host.sh('cat /sys/class/net/flannel-vxlan/address');
    const before = await address();
    const { lease } = await statusOf(host);
    assert.equal(store.read(lease?.subnet ?? '')['BackendData'], before);

    await host.sh('ip link del flannel-vxlan');
    const after = await until('the new device', async () => {
      const found = await address().catch(() => before);
      return found !== before && found;
    });
    await until('the node to run', async () => (await statusOf(host)).state === 'running');
    assert.deepEqual((await entriesOn(host)).toSorted(), wanted);
    const again = (await statusOf(host)).lease;
    assert.equal(again?.subnet, lease?.subnet);
    assert.equal(store.read(lease?.subnet ?? '')['BackendData'], after);
    assert.equal(daemon.all('lease-acquired').length, 1);
    assert.equal((await daemon.stop()).exitCode, 0);
    assert.equal(await host.sh('ip -br link show type vxlan'), '');
  });
});
