import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { isForwarding } from '../../../src/host/interface/forwarding.ts';
import type { Family } from '../../../src/network/cidr.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

/** Makes a `/proc/sys/net` with these values of `forwarding`. */
function makeSettings(t: TestContext, family: Family, devices: Readonly<Record<string, number>>): string {
  const root = temporaryDirectory(t);
  for (const [device, value] of Object.entries(devices)) {
    const directory = join(root, `ipv${family}`, 'conf', device);
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, 'forwarding'), `${value}\n`);
  }
  return root;
}

for (const family of [4, 6] as const) {
  test(`IPv${family} is forwarded if the setting of all devices, or of one, is on`, async (t) => {
    const off = { all: 0, default: 0, lo: 0, eth0: 0 };
    assert.equal(await isForwarding(family, makeSettings(t, family, off)), false);
    assert.equal(await isForwarding(family, makeSettings(t, family, { ...off, all: 1 })), true);
    assert.equal(await isForwarding(family, makeSettings(t, family, { ...off, cni0: 1 })), true);
    assert.equal(await isForwarding(family, makeSettings(t, family, { ...off, cni0: 2 })), true);
    assert.equal(await isForwarding(family, makeSettings(t, family, { ...off, lo: 1, default: 1 })), false);
  });
}

test('a kernel without a family, or that does not tell, is not blamed', async (t) => {
  assert.equal(await isForwarding(6, makeSettings(t, 4, { all: 0 })), true);
  assert.equal(await isForwarding(4, join(temporaryDirectory(t), 'missing')), true);
});
