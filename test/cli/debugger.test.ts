import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { heddle } from '../kernel/lab-harness.ts';
import { descriptorsOf } from '../soak/resources.ts';
import { startSilentServer } from '../support/silent-server.ts';
import { until } from '../support/until.ts';

for (const words of [['leases'], ['network', 'get'], ['leases', 'release', '10.50.9.0/24']]) {
  test(
    `SIGUSR1 neither ends heddle ${words.join(' ')} nor opens a debugger in it`,
    { timeout: 60_000 },
    async (t) => {
      const server = await startSilentServer('mute');
      t.after(() => server.close());
      const [, address = ''] = /\/\/(.*):/.exec(server.endpoint) ?? [];
      const child = spawn(process.execPath, [heddle, ...words, '--etcd-endpoints', server.endpoint], {
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      t.after(() => child.kill('SIGKILL'));
      let said = '';
      child.stderr.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
      const { pid = 0 } = child;
      await until(
        'it to wait for etcd',
        () => [...descriptorsOf(pid).keys()].some((kind) => kind.includes(` to ${address}:`)),
        () => said,
      );
      for (let times = 0; times < 3; times += 1) {
        child.kill('SIGUSR1');
        // The debugger would be there long before another program has begun and ended.
        await once(spawn(process.execPath, ['-e', '0']), 'exit');
      }
      const closed = once(child, 'close');
      child.kill('SIGTERM');
      await closed;
      assert.doesNotMatch(said, /[Dd]ebugger/);
      assert.notEqual(child.signalCode, 'SIGUSR1');
    },
  );
}
