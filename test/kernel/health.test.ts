import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { exitCodes } from '../../src/diagnostic/failure.ts';
import { listenForNotices } from '../support/notify-socket.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { until } from '../support/until.ts';
import { Daemon, startDaemon, upCommand } from './harness/daemon.ts';
import type { Host } from './harness/host.ts';
import { reasonToSkip } from './harness/needs.ts';
import { oneHost } from './harness/one-host.ts';
import type { StoreDirectory } from './harness/store-directory.ts';

const probes = ['--healthz-ip', '127.0.0.1', '-healthz-port=8081'] as const;

function argumentsOf(store: StoreDirectory, backend: object = {}): readonly string[] {
  const quiet = { Type: 'extension', SubnetAddCommand: 'true', SubnetRemoveCommand: 'true', ...backend };
  const recipe = store.recipe('quiet', { Network: '10.50.0.0/16', Backend: quiet });
  return ['--recipe', recipe, '--store-dir', store.path, ...probes];
}

/** The answer to a probe from inside the host: status and body, or `none` after a second. */
async function ask(host: Host, path: string): Promise<string> {
  const script = `fetch('http://127.0.0.1:8081${path}', { signal: AbortSignal.timeout(1000) })
    .then(async (r) => console.log(r.status, await r.text()), () => console.log('none'))`;
  const { stdout } = await host.run([process.execPath, '-e', script]);
  return stdout.trimEnd();
}

describe('probes', { skip: reasonToSkip('perl', 'systemd-notify') }, () => {
  test('a stopped daemon does not answer, and is well when it continues; a command that never ends is not a hang', async (t) => {
    const { host, store } = await oneHost(t);
    store.put('10.50.98.0/24', '172.30.1.98');
    const hangs = { SubnetAddCommand: 'sleep 1000', Timeout: 900, CheckCommand: 'true' };
    const daemon = new Daemon(host, argumentsOf(store, hangs));
    await daemon.until('snapshot');
    assert.equal(await ask(host, '/healthz'), '200 heddle is running');
    const unready = await ask(host, '/readyz');
    assert.match(
      unready,
      /^503 \[-\]start failed: post-startup[^]*\[-\]peers failed: not up yet[^]*readyz check failed/,
    );
    await daemon.signal('STOP');
    try {
      assert.equal(await ask(host, '/healthz'), 'none');
    } finally {
      await daemon.signal('CONT');
    }
    await until('the daemon to answer', async () => (await ask(host, '/healthz')) !== 'none');
    const loops = await ask(host, '/healthz?verbose');
    assert.equal(
      loops,
      [
        '200 [+]timer ok',
        ...['peer-loop', 'lease-follower', 'lease-keeper', 'drift-watch'].map((name) => `[+]${name} ok`),
        'healthz check passed',
      ].join('\n'),
    );
  });

  test('readiness follows the parts of the network; a store that is away does not change it', async (t) => {
    const { host, store } = await oneHost(t);
    const args = [...argumentsOf(store), '--check-interval', '1', '--healthz-metrics'];
    const daemon = await startDaemon(host, args);
    assert.equal(await ask(host, '/readyz'), '200 heddle is ready');
    await host.sh(`mv ${store.path} ${store.path}.away`);
    await daemon.until('store-outage');
    const away = await ask(host, '/readyz?verbose');
    assert.match(
      away,
      /^200 \[\+\]start ok\n\[\+\]lease ok\n\[\+\]device ok\n[^]*\[\+\]store excluded: away since /,
    );
    assert.equal(await ask(host, '/healthz'), '200 heddle is running');
    assert.match(await ask(host, '/metrics'), /^heddle_ready 1$/m);
    // A directory in the place of the subnet file cannot be replaced.
    await host.sh('rm /run/subnet.env; mkdir -p /run/subnet.env/x');
    await daemon.until('part-failed');
    assert.match(await ask(host, '/readyz'), /^503 [^]*^\[-\]subnet-file failed: .*\/run\/subnet\.env/m);
    assert.match(await ask(host, '/metrics'), /^heddle_part_ready\{part="subnet-file"\} 0$/m);
    await host.sh('rm -r /run/subnet.env');
    await daemon.until('part-restored');
    assert.equal(await ask(host, '/readyz'), '200 heddle is ready');
    const second = await host.run(upCommand(argumentsOf(store), '/run/other'));
    assert.equal(second.exitCode, exitCodes.listen);
    assert.match(
      second.stderr,
      /^heddle: cannot listen for probes at 127\.0\.0\.1 port 8081: address already in use/,
    );
  });

  test('systemd gets ready, signs of life and the stop from a daemon', async (t) => {
    const { host, store } = await oneHost(t);
    const path = join(temporaryDirectory(t), 'notify');
    const socket = await listenForNotices(t, path);
    const environment = { NOTIFY_SOCKET: path, WATCHDOG_USEC: '900000' };
    const daemon = await startDaemon(host, argumentsOf(store), { environment });
    await socket.until(/^READY=1 \| STATUS=(?:running|degraded)/);
    const signs = (): number => socket.notices.filter((notice) => notice.startsWith('WATCHDOG=1')).length;
    await until('signs of life', () => signs() > 1);
    const { exitCode } = await daemon.stop();
    assert.equal(exitCode, 0);
    await socket.until(/^STOPPING=1 \| STATUS=stopping/);
  });
});
