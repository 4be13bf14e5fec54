import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { UnderlayWatch } from '../../../src/daemon/watch/underlay.ts';
import { findEarlierLease } from '../../../src/daemon/lease/held-lease.ts';
import { readDeployment } from '../../../src/daemon/network/deployment-file.ts';
import { Failure } from '../../../src/diagnostic/failure.ts';
import { Concerns } from '../../../src/event/concerns.ts';
import type { Link } from '../../../src/host/interface/ip-output.ts';
import { until } from '../../support/until.ts';
import { Bench, underlay, underlayLink, linkAddress } from '../bench.ts';
import { fileCheck, fileOverlay } from '../file-overlay.ts';
import { Life } from '../life.ts';

/** A node that is up with peer 4 and looks all the time. */
async function begin(t: TestContext, backend: object = fileOverlay): Promise<{ bench: Bench; life: Life }> {
  const bench = new Bench(t);
  bench.recipe(backend);
  await bench.lease(4);
  const life = await Life.begin(t, bench, { checkIntervalSeconds: 0.05 });
  await bench.untilTold('ready');
  await life.untilIn('running');
  return { bench, life };
}

function mtuOf(bench: Bench): string | undefined {
  return /^FLANNEL_MTU=(\d+)$/m.exec(readFileSync(bench.subnetFile, 'utf8'))?.[1];
}

/** Changes the MTU of the interface, and waits until the subnet file says what is left of it. */
async function changeMtu(bench: Bench, mtu: number): Promise<void> {
  bench.link = { ...underlayLink, mtu };
  await until(`an overlay MTU of ${mtu - 50}`, () => mtuOf(bench) === String(mtu - 50));
}

test('the device and the subnet file follow another MTU, with the same lease', async (t) => {
  const { bench, life } = await begin(t, { ...fileOverlay, CheckCommand: fileCheck });
  assert.equal(mtuOf(bench), '1450');
  for (const mtu of [1400, 9000]) {
    const before = bench.log.length;
    await changeMtu(bench, mtu);
    await life.untilIn('running');
    const ran = bench.log.slice(before).map((line) => line.split(' ')[0]);
    assert.deepEqual(ran, ['pre-startup', 'post-startup']);
    const deployment = await readDeployment(bench.stateDirectory);
    assert.deepEqual([deployment?.ifaceMtu, deployment?.mtu], [mtu, mtu - 50]);
  }
  assert.equal(bench.told('lease-acquired').length, 1);
  assert.match(bench.told('part-broken')[0]?.because ?? '', /^the MTU of weft0 is 1400 now and was 1500$/);
});

test('without a CheckCommand every peer is added again, since nothing says what the device lost', async (t) => {
  const { bench } = await begin(t);
  const before = bench.log.length;
  await changeMtu(bench, 1400);
  await bench.untilLogged('remove 10.50.4.0/24');
  await until('the peer', () => bench.log.filter((line) => line === 'add 10.50.4.0/24').length === 2);
  const ran = bench.log.slice(before).map((line) => line.split(' ')[0]);
  assert.deepEqual(ran, ['pre-startup', 'post-startup', 'remove', 'add']);
});

test('a device that cannot follow makes the node degraded, until it can or the MTU is as it was', async (t) => {
  const { bench, life } = await begin(t);
  bench.put('post-startup.fails');
  bench.link = { ...underlayLink, mtu: 1400 };
  await life.untilIn('degraded');
  await bench.untilTold('part-failed', ({ part }) => part === 'device');
  assert.equal(mtuOf(bench), '1450');
  bench.link = underlayLink;
  await life.untilIn('running');
  bench.drop('post-startup.fails');
  await changeMtu(bench, 1300);
  await life.untilIn('running');
});

test('the lease, the deployment and the note of the lease follow another address', async (t) => {
  const { bench, life } = await begin(t, { ...fileOverlay, CheckCommand: fileCheck });
  const [subnet] = bench.told('lease-acquired').map((event) => event.subnet);
  const key = subnet?.replace('/', '-');
  bench.link = { ...underlayLink, addresses: [linkAddress('172.30.0.22')] };
  const told = await bench.untilTold('address-changed');
  assert.deepEqual(told, { event: 'address-changed', from: '172.30.0.1', to: '172.30.0.22', subnet });
  // The deployment file is written last.
  await until(
    'the deployment',
    async () => (await readDeployment(bench.stateDirectory))?.publicIp === '172.30.0.22',
  );
  await life.untilIn('running');
  const { records } = await (await bench.openStore()).list();
  const own = records.find((record) => record.key === key);
  assert.match(own?.value ?? '', /"PublicIP":"172\.30\.0\.22"/);
  const deployment = await readDeployment(bench.stateDirectory);
  assert.deepEqual([deployment?.publicIp, deployment?.localAddress], ['172.30.0.22', '172.30.0.22']);
  const addresses = ['02:00:00:00:00:01'];
  const earlier = await findEarlierLease(bench.stateDirectory, bench.storeChoice, addresses);
  assert.deepEqual(earlier, {
    key,
    revision: own?.revision,
    writing: undefined,
    publicIp: '172.30.0.22',
    publicIpv6: undefined,
  });
  assert.equal(bench.told('lease-acquired').length, 1);
});

test('an address inside the overlay network is not followed', async (t) => {
  const { bench, life } = await begin(t);
  bench.link = { ...underlayLink, addresses: [linkAddress('10.50.200.9')] };
  await life.untilIn('degraded');
  assert.match(
    life.states.at(-1) ?? '',
    /its address 10\.50\.200\.9 lies inside the overlay network 10\.50\.0\.0\/16/,
  );
  assert.deepEqual(bench.told('address-changed'), []);
});

test('an interface that is gone or has lost its address is a concern for as long as that lasts', async (t) => {
  const { bench, life } = await begin(t);
  for (const [link, because] of [
    [undefined, /the interface weft0 does not exist any more/],
    [
      { ...underlayLink, addresses: [] },
      /the interface weft0 does not have the address 172\.30\.0\.1 any more/,
    ],
  ] as const) {
    bench.link = link;
    await life.untilIn('degraded');
    assert.match(life.states.at(-1) ?? '', because);
    bench.link = underlayLink;
    await life.untilIn('running');
  }
});

const { signal } = new AbortController();

/** A watch of weft0, as the kernel shows it: a link, nothing, or an error. */
function scene() {
  const names: string[] = [];
  const host: { seen: Link | undefined | Error } = { seen: underlayLink };
  const concerns = new Concerns(
    () => undefined,
    () => undefined,
    () => 0,
  );
  const see = (name: string): Promise<Link | undefined> => {
    names.push(name);
    return host.seen instanceof Error ? Promise.reject(host.seen) : Promise.resolve(host.seen);
  };
  const interfaces = {
    see,
    isForwarding: () => Promise.resolve(true),
    chooseAgain: () => Promise.reject(new Failure('interface', 'another interface does not exist')),
    findOverlap: () => Promise.resolve(undefined),
    hardwareAddresses: () => Promise.resolve([]),
    remember: () => Promise.resolve(),
  };
  return { host, concerns, names, watch: new UnderlayWatch(underlay, interfaces, [4], [], concerns) };
}

test('an interface that is as it was is the same, and no concern', async () => {
  const { watch, concerns, names } = scene();
  assert.deepEqual(watch.sight, { kind: 'same' });
  await watch.look(signal);
  assert.deepEqual(watch.sight, { kind: 'same' });
  assert.deepEqual(names, ['weft0']);
  assert.deepEqual(concerns.all, []);
});

test('an interface that changed is seen so until the network has followed it', async () => {
  const { watch, host } = scene();
  host.seen = { ...underlayLink, mtu: 1400 };
  await watch.look(signal);
  assert.ok(watch.sight.kind === 'changed');
  assert.equal(watch.sight.underlay.mtu, 1400);
  await watch.settle(watch.sight.underlay);
  assert.deepEqual(watch.sight, { kind: 'same' });
  await watch.look(signal);
  assert.deepEqual(watch.sight, { kind: 'same' }, 'it is compared with what the network stands on now');
});

test('an interface that cannot be used is a concern, which ends with the next good sight', async () => {
  const { watch, host, concerns } = scene();
  host.seen = undefined;
  await watch.look(signal);
  assert.equal(watch.sight.kind, 'unusable');
  assert.deepEqual(
    concerns.all.map(({ kind, about }) => [kind, about]),
    [['underlay', 'weft0']],
  );
  host.seen = underlayLink;
  await watch.look(signal);
  assert.deepEqual(concerns.all, []);
});

test('a kernel that cannot be asked leaves the last sight, and a defect is thrown', async () => {
  const { watch, host } = scene();
  host.seen = { ...underlayLink, mtu: 9000 };
  await watch.look(signal);
  host.seen = new Failure('interface', 'ip ended with status 1');
  await watch.look(signal);
  assert.equal(watch.sight.kind, 'changed');
  host.seen = new TypeError('a defect');
  await assert.rejects(watch.look(signal), TypeError);
});

test('after the signal nothing is told any more', async () => {
  const { watch, host, concerns } = scene();
  host.seen = undefined;
  const stopping = new AbortController();
  const look = watch.look(stopping.signal);
  stopping.abort();
  await look;
  assert.deepEqual(watch.sight, { kind: 'same' });
  assert.deepEqual(concerns.all, []);
});
