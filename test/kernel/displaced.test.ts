import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startDaemon } from './harness/daemon.ts';
import { fdbOf, neighboursOf } from './harness/kernel-state.ts';
import { reasonToSkip } from './harness/needs.ts';
import { oneHost } from './harness/one-host.ts';

const mac = '02:00:00:00:00:07';
const lease = { BackendType: 'vxlan', BackendData: { VNI: 1, VtepMAC: mac } };
const subnets = ['10.50.98.0/24', '10.50.99.0/24'] as const;
const addressOf: Readonly<Record<string, string>> = {
  [subnets[0]]: '172.30.1.98',
  [subnets[1]]: '172.30.1.99',
};

describe('a machine that got another address, whose old lease still stands', { skip: reasonToSkip() }, () => {
  test('does not have its two leases take one MAC from each other for ever', async (t) => {
    const { host, store } = await oneHost(t);
    for (const subnet of subnets) store.put(subnet, addressOf[subnet] ?? '', lease);
    const daemon = await startDaemon(host, [
      ...['--recipe', 'vxlan', '--store-dir', store.path, '--check-interval', '1'],
    ]);
    const { peer, by, shared } = await daemon.until('peer-displaced');
    assert.deepEqual([peer.subnet, by.subnet].sort(), [...subnets]);
    assert.deepEqual(await fdbOf(host, 'flannel.1'), [`${mac} dst ${by.publicIp} self permanent`]);
    assert.deepEqual(shared, [mac]);
    const { because } = await daemon.logged('concern');
    assert.match(because, /^the nodes at 172\.30\.1\.9[89] .* have the same VtepMAC 02:00:00:00:00:07/);
    const swaps = daemon.all('drift').length;
    assert.ok(swaps <= 6, `${swaps} repairs`);

    // The one that stands goes: the other is put in its place, and nothing of the first is left.
    store.remove(by.subnet);
    await daemon.until('peer-added', (event) => event.peer.subnet === peer.subnet);
    assert.deepEqual(await fdbOf(host, 'flannel.1'), [`${mac} dst ${peer.publicIp} self permanent`]);
    assert.deepEqual(await neighboursOf(host, 'flannel.1'), [
      `${peer.subnet.replace('/24', '')} lladdr ${mac} PERMANENT`,
    ]);
    assert.equal(daemon.all('drift').length, swaps);
  });
});
