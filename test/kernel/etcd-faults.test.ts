import assert from 'node:assert/strict';
import { test } from 'node:test';

import { EtcdLab } from './etcd/etcd-lab.ts';
import { PodPing } from './etcd/pod-ping.ts';
import type { Sample } from './etcd/etcd-keys.ts';
import { until } from '../support/until.ts';
import { reasonToSkip } from './harness/needs.ts';

const options = { skip: reasonToSkip('etcd'), timeout: 180_000 };

/** A lease of a node that there is not, of a subnet past the hundred that the nodes draw theirs from. */
function stranger(number: 190 | 191 | 192 | 193, mac = '02'): Sample {
  const data = `{"VNI":1,"VtepMAC":"${mac}:00:00:00:00:${number - 100}"}`;
  return {
    key: `10.50.${number}.0-24`,
    value: `{"PublicIP":"172.30.0.${number}","PublicIPv6":null,"BackendType":"vxlan","BackendData":${data}}`,
  };
}

test('an etcd that is stopped for a while costs a few lines of log and no packet', options, async (t) => {
  const lab = await EtcdLab.up(t);
  const { first, second, both, keys } = lab;
  await keys.put(stranger(190), 600);
  for (const node of both) await lab.converged(node);
  const entries = await first.entries();
  const ping = await PodPing.start(t, first, second);

  const from = await first.now();
  const fromOfSecond = await second.now();
  await lab.etcd('stop');
  await first.event(from, 'store-outage');
  await second.event(fromOfSecond, 'store-outage');
  assert.deepEqual(await first.entries(), entries);

  await lab.etcd('start');
  await keys.put(stranger(191), 600);
  for (const node of both) await lab.converged(node);
  await first.event(from, 'store-back');
  await first.event(from, 'peer-added');
  const said = (await first.log(from)).map(({ event }) => event);
  assert.deepEqual(said, ['store-outage', 'store-back', 'snapshot', 'peer-added']);
  assert.equal(await ping.lost(), 0);

  await t.test('one that is killed comes back on its data', async () => {
    await lab.etcd('kill');
    await lab.etcd('start');
    await keys.put(stranger(192), 600);
    await keys.delete(stranger(191).key);
    for (const node of both) await lab.converged(node);
  });

  await t.test('a node that was cut off while etcd forgot its history lists anew', async () => {
    const from = await first.now();
    await lab.cut(first);
    // Its connection does not outlive this.
    await lab.etcd('kill');
    await lab.etcd('start');
    await keys.delete(stranger(190).key);
    await keys.put(stranger(192, '06'), 600);
    await keys.put(stranger(193), 600);
    await lab.compact();
    await lab.converged(second);
    await lab.join(first);
    await lab.converged(first);
    await first.event(
      from,
      'peer-added',
      ({ peer, reason }) => peer.key === stranger(192).key && reason === 'changed',
    );
    const changes = (await first.log(from)).flatMap((event) =>
      event.event === 'peer-added' || event.event === 'peer-removed'
        ? [`${event.event} ${event.peer.key} ${event.reason}`]
        : [],
    );
    assert.deepEqual(changes.sort(), [
      'peer-added 10.50.192.0-24 changed',
      'peer-added 10.50.193.0-24 new',
      'peer-removed 10.50.190.0-24 gone',
      'peer-removed 10.50.192.0-24 changed',
    ]);
  });
});

test('leases that were lost with their etcd are taken again, and the overlay stays', options, async (t) => {
  const lab = await EtcdLab.up(t, ['--lease-ttl', '4']);
  const { first, second, both, keys } = lab;
  const index = 'cat /sys/class/net/flannel.1/ifindex';
  const before = { leases: await keys.list(), index: await first.sh(index) };
  assert.equal(before.leases.length, 2);
  const ping = await PodPing.start(t, first, second);
  const from = await first.now();

  await lab.etcd('cut');
  await until('both leases to expire', async () => (await keys.list()).length === 0);
  await lab.etcd('join');

  await until('both leases to be there again', async () => (await keys.list()).length === 2);
  assert.deepEqual(await keys.list(), before.leases);
  for (const node of both) await lab.converged(node);
  await first.event(from, 'lease-lost', ({ because }) => because.includes('taken again'));
  assert.equal(await first.sh(index), before.index);
  assert.equal(await ping.lost(), 0);
});

test(
  'a node that starts after all leases had ended keeps the peers that it knows until theirs are back',
  options,
  async (t) => {
    const lab = await EtcdLab.up(t, ['--lease-ttl', '4']);
    const { first, second, both, keys } = lab;
    for (const node of both) await lab.converged(node);
    const entries = await first.entries();
    assert.notDeepEqual(entries, []);
    const ping = await PodPing.start(t, first, second);
    await lab.etcd('cut');
    for (const node of both) await lab.kill(node);
    await until('both leases to expire', async () => (await keys.list()).length === 0);
    await lab.etcd('join');

    const from = await first.now();
    await lab.start(first);
    await first.event(from, 'warning', ({ message }) => message.startsWith('leases of peers ended while'));
    await first.event(from, 'ready');
    assert.equal((await keys.list()).length, 1);
    assert.deepEqual(await first.entries(), entries);
    await lab.start(second);
    await until('both leases to be there again', async () => (await keys.list()).length === 2);
    for (const node of both) await lab.converged(node);
    const changes = (await first.log(from)).filter(({ event }) => /^(peer-|batch-)/.test(event));
    assert.deepEqual(changes, []);
    assert.equal(await ping.lost(), 0);
  },
);
