import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { startDaemon } from './harness/daemon.ts';
import { startHosts } from './harness/host-set.ts';
import type { Host } from './harness/host.ts';
import { reasonToSkip } from './harness/needs.ts';
import { StoreDirectory } from './harness/store-directory.ts';

const ipv6 = { EnableIPv6: true, IPv6Network: 'fd00:50::/48' };
const families = {
  IPv4: { Network: '10.50.0.0/16' },
  IPv6: { EnableIPv4: false, ...ipv6 },
  both: { Network: '10.50.0.0/16', ...ipv6 },
};

function kernelOf(host: Host): Promise<readonly string[]> {
  return host.lines('ip -o link; ip -o address; ip route show table all; ip -6 route show table all');
}

describe('recipes/alloc.json', { skip: reasonToSkip() }, () => {
  for (const [name, network] of Object.entries(families)) {
    test(`gives each node a subnet and nothing else: ${name}`, async (t) => {
      const set = await startHosts([1, 1]);
      t.after(() => set.close());
      const [one, two] = set.hosts;
      assert.ok(one && two);
      const store = new StoreDirectory(t);
      const recipe = store.recipe('alloc', { ...network, Backend: { Type: 'alloc', Overhead: 0 } });
      const args = ['--recipe', recipe, '--store-dir', store.path];
      const before = await kernelOf(one);
      const daemons = [await startDaemon(one, args), await startDaemon(two, args)];
      for (const daemon of daemons) await daemon.logged('ready');
      assert.deepEqual(await kernelOf(one), before);
      const leases = readdirSync(join(store.path, 'subnets')).map((key) =>
        readFileSync(join(store.path, 'subnets', key), 'utf8'),
      );
      assert.equal(leases.length, 2);
      for (const lease of leases) assert.doesNotMatch(lease, /Backend/);
      assert.match(await one.sh('cat /run/subnet.env'), /^FLANNEL_MTU=1500$/m);
      for (const daemon of daemons) await daemon.stop();
      assert.deepEqual(await kernelOf(one), before);
    });
  }
});
