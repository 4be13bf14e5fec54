import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { NodeStatus } from '../../src/daemon/report/status.ts';
import { exitCodes } from '../../src/diagnostic/failure.ts';
import { until } from '../support/until.ts';
import { runOn, startDaemon } from './harness/daemon.ts';
import { startHosts } from './harness/host-set.ts';
import { reasonToSkip } from './harness/needs.ts';
import { StoreDirectory } from './harness/store-directory.ts';

const settings = { IPv4: 'net/ipv4/ip_forward', IPv6: 'net/ipv6/conf/all/forwarding' } as const;

describe('a host that does not forward packets', { skip: reasonToSkip() }, () => {
  for (const family of ['IPv4', 'IPv6'] as const) {
    test(`makes the node degraded in a dual-stack network: ${family}`, async (t) => {
      const set = await startHosts([1]);
      t.after(() => set.close());
      const [host] = set.hosts;
      assert.ok(host);
      const store = new StoreDirectory(t);
      const recipe = {
        Network: '10.50.0.0/16',
        IPv6Network: 'fd00:50::/48',
        EnableIPv6: true,
        Backend: { Type: 'extension', SubnetAddCommand: 'cat > /dev/null', CheckCommand: 'true' },
      };
      const file = `/proc/sys/${settings[family]}`;
      // A new value of `all` is written to every device, too.
      await host.sh(`echo 0 > ${file}`);
      const args = ['--recipe', store.recipe('both', recipe), '--store-dir', store.path];
      const daemon = await startDaemon(host, [...args, '--check-interval', '1']);
      const concern = await daemon.logged('concern');
      assert.deepEqual([concern.kind, concern.about], ['forwarding', family]);
      const ran = await runOn(host, 'status', '--json');
      assert.equal(ran.exitCode, exitCodes.degraded);
      const { state, concerns } = JSON.parse(ran.stdout) as NodeStatus;
      assert.equal(state, 'degraded');
      assert.match(
        concerns[0]?.hint ?? '',
        new RegExp(`sysctl -w ${settings[family].replaceAll('/', '.')}=1`),
      );
      assert.equal(concerns.length, 1);

      await host.sh(`echo 1 > ${file}`);
      await daemon.logged('concern-ended');
      await until('the node to run', async () => (await runOn(host, 'status')).exitCode === 0);
      await host.sh(`echo 0 > ${file}`);
      await daemon.until('concern');
      await daemon.stop();
    });
  }
});
