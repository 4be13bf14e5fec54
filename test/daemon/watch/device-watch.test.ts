import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DeviceWatch } from '../../../src/daemon/watch/device-watch.ts';
import { readDeviceNames } from '../../../src/host/interface/device-names.ts';

/** A watch of two planned devices, on a host whose devices the test chooses. */
function watchOf(...devices: readonly string[]) {
  const host: { devices: ReadonlySet<string> | undefined; told: number } = {
    devices: new Set(devices),
    told: 0,
  };
  const watch = new DeviceWatch({
    planned: () => ['weft.1', 'weft-v6.1'],
    onGone: () => (host.told += 1),
    read: () => host.devices,
  });
  return { host, watch };
}

test('a device that goes is missing until the network is built again, and is told once', () => {
  const { host, watch } = watchOf('lo', 'weft.1');
  watch.learn();
  watch.look();
  assert.deepEqual(
    [watch.trouble, host.told],
    [undefined, 0],
    'a planned device that never was is not missed',
  );
  host.devices = new Set(['lo']);
  watch.look();
  watch.look();
  assert.deepEqual([watch.trouble, host.told], ['weft.1 is gone', 1]);
  host.devices = new Set(['lo', 'weft.1']);
  watch.look();
  assert.equal(watch.trouble, 'weft.1 is gone', 'somebody made a device of that name, but nothing is on it');
  watch.learn();
  assert.equal(watch.trouble, undefined);
});

test('two devices that go one after the other are both missing', () => {
  const { host, watch } = watchOf('weft.1', 'weft-v6.1');
  watch.learn();
  host.devices = new Set(['weft-v6.1']);
  watch.look();
  host.devices = new Set();
  watch.look();
  assert.deepEqual([watch.trouble, host.told], ['weft.1 and weft-v6.1 are gone', 2]);
});

test('a device that is made again by a command is not missing meanwhile', async () => {
  const { host, watch } = watchOf('weft.1');
  watch.learn();
  await watch.pauseDuring(() => {
    host.devices = new Set();
    watch.look();
    host.devices = new Set(['weft.1']);
    return Promise.resolve();
  });
  watch.look();
  assert.deepEqual([watch.trouble, host.told], [undefined, 0]);
});

test('a host that does not list its devices misses none', () => {
  const { host, watch } = watchOf('weft.1');
  watch.learn();
  host.devices = undefined;
  watch.look();
  assert.equal(watch.trouble, undefined);
});

test('the kernel lists the devices of this network namespace', () => {
  assert.ok(readDeviceNames()?.has('lo'));
});
