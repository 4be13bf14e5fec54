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

const vxlan = JSON.parse(
  readFileSync(new URL('../../recipes/vxlan.json', import.meta.url), 'utf8'),
) as Record<string, unknown>;

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
