import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { NodeStatus } from '../../src/daemon/report/status.ts';
import { until } from '../support/until.ts';
import { runOn, startDaemon } from './harness/daemon.ts';
import { startHosts } from './harness/host-set.ts';
import type { Host } from './harness/host.ts';
import { reasonToSkip } from './harness/needs.ts';
import { StoreDirectory } from './harness/store-directory.ts';

/** An included recipe, as a document. */
function readDocument(name: string): Record<string, unknown> {
  const text = readFileSync(new URL(`../../recipes/${name}.json`, import.meta.url), 'utf8');
  return JSON.parse(text) as Record<string, unknown>;
}

const vxlan = readDocument('vxlan');

async function statusOf(host: Host): Promise<NodeStatus> {
  return JSON.parse((await runOn(host, 'status', '--json')).stdout) as NodeStatus;
}

/** The addresses that a node's recipe puts on its devices, which its peers reach through the overlay. */
async function addressesOf(host: Host): Promise<string[]> {
  const { lease } = await statusOf(host);
  return (lease?.subnet ?? '').split(' and ').map((subnet) => subnet.replace(/\/.*/, ''));
}

const reaches = (host: Host, address: string): Promise<void> =>
  host.until(`ping -n -c 1 -W 1 ${address} >/dev/null`);

test('a network becomes dual-stack node by node', { skip: reasonToSkip() }, async (t) => {
  const set = await startHosts([1, 1]);
  t.after(() => set.close());
  const [one, two] = set.hosts;
  assert.ok(one && two);
  const store = new StoreDirectory(t);
  const args = ['--recipe', store.recipe('vxlan', vxlan), '--store-dir', store.path, '--check-interval', '1'];
  const first = await startDaemon(one, args);
  const second = await startDaemon(two, args);
  const [ipv4 = ''] = await addressesOf(one);
  await reaches(two, ipv4);

  const dual = { ...vxlan, EnableIPv6: true, IPv6Network: 'fd00:50::/48' };
  writeFileSync(join(store.path, 'config'), JSON.stringify(dual));
  await first.stop();
  const renewed = await startDaemon(one, args);
  const [kept, ipv6 = ''] = await addressesOf(one);
  assert.equal(kept, ipv4, 'it keeps its IPv4 subnet');
  await reaches(two, ipv4);
  const [older = ''] = await addressesOf(two);
  await reaches(one, older);
  const between = await statusOf(one);
  assert.deepEqual([between.counts.inPlace, between.counts.rejected], [1, 0]);
  assert.equal((await statusOf(two)).counts.rejected, 0);

  await second.stop();
  const last = await startDaemon(two, args);
  await reaches(two, ipv6);
  await reaches(two, ipv4);
  const shown = await runOn(two, 'status');
  assert.match(shown.stdout, /^lease .*\/24 and fd00:50:.*\/64 for 172\.30\.1\.2 and fd00:99:1::2,/m);
  assert.equal((await addressesOf(two))[0], older, 'the other keeps its IPv4 subnet as well');
  const [peer] = (await statusOf(two)).peers;
  assert.match(peer?.subnet ?? '', new RegExp(`^${ipv4}/24 and ${ipv6}/64$`));
  const leases = await runOn(two, 'leases', '--store-dir', store.path);
  assert.match(leases.stdout, new RegExp(`${ipv4}/24 and ${ipv6}/64 +172\\.30\\.1\\.1 fd00:99:1::1`));

  const routes = 'ip -6 route show root fd00:50::/48 dev flannel-v6.1 | grep via';
  await two.until(routes);
  // heddle learns from a check that the command prints both subnets.
  const repairedAt = async (): Promise<string | undefined> => {
    const { lastDrift } = await statusOf(two);
    return lastDrift?.missing === 1 ? lastDrift.at : undefined;
  };
  await two.sh(`ip route delete ${ipv4}/24`);
  await until('status to tell of the first repair', async () => (await repairedAt()) !== undefined);
  const before = await repairedAt();
  await two.sh('ip -6 route flush root fd00:50::/48 dev flannel-v6.1');
  await two.until(routes);
  await reaches(two, ipv6);
  await until('status to tell of the repair', async () => {
    const at = await repairedAt();
    return at !== undefined && at !== before;
  });
  await renewed.stop();
  await last.stop();
});

/** The recipes with both families: what each needs, and the options that it needs. */
const others = {
  'host-gw': { needs: [], options: [] },
  wireguard: { needs: ['wg', 'wireguard-go'], options: [] },
  ipsec: {
    needs: ['swanctl', '/usr/lib/ipsec/charon'],
    options: ['--param', `PSK=${'0123456789abcdef'.repeat(6)}`],
  },
};
for (const [name, { needs, options }] of Object.entries(others)) {
  test(
    `${name} reaches a peer with one family by that one, and no subnet changes`,
    { skip: reasonToSkip(...needs) },
    async (t) => {
      const set = await startHosts([1, 1]);
      t.after(() => set.close());
      const [one, two] = set.hosts;
      assert.ok(one && two);
      const store = new StoreDirectory(t);
      const document = readDocument(name);
      const args = ['--recipe', store.recipe(name, document), '--store-dir', store.path, ...options];
      /** Starts a daemon. host-gw has no device for the address of the subnet, so that lo gets it. */
      const start = async (host: Host) => {
        const daemon = await startDaemon(host, args);
        const addresses = await addressesOf(host);
        if (name === 'host-gw')
          for (const address of addresses) await host.sh(`ip address replace ${address} dev lo`);
        return { daemon, addresses };
      };
      const first = await start(one);
      const second = await start(two);
      const [ipv4 = ''] = first.addresses;
      await reaches(two, ipv4);

      const dual = { ...document, EnableIPv6: true, IPv6Network: 'fd00:50::/48' };
      writeFileSync(join(store.path, 'config'), JSON.stringify(dual));
      await first.daemon.stop();
      const renewed = await start(one);
      const [kept, ipv6 = ''] = renewed.addresses;
      assert.equal(kept, ipv4);
      await reaches(two, ipv4);
      await reaches(one, second.addresses[0] ?? '');
      for (const host of [one, two]) assert.equal((await statusOf(host)).counts.rejected, 0);

      await second.daemon.stop();
      const last = await start(two);
      assert.equal(last.addresses[0], second.addresses[0]);
      await reaches(two, ipv4);
      await reaches(two, ipv6);
      await renewed.daemon.stop();
      await last.daemon.stop();
    },
  );
}
