import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { exitCodes } from '../../src/diagnostic/failure.ts';
import { startDaemon, upCommand } from './harness/daemon.ts';
import type { Host } from './harness/host.ts';
import { reasonToSkip } from './harness/needs.ts';
import { oneHost } from './harness/one-host.ts';
import type { StoreDirectory } from './harness/store-directory.ts';

const address = '127.0.0.1:9270';

function argumentsOf(store: StoreDirectory): readonly string[] {
  const backend = { Type: 'extension', SubnetAddCommand: 'true', SubnetRemoveCommand: 'true' };
  const recipe = store.recipe('quiet', { Network: '10.50.0.0/16', Backend: backend });
  return ['--recipe', recipe, '--store-dir', store.path, '--metrics-address', address];
}

/** What a request is answered, from inside the host. */
async function ask(host: Host, path: string, method = 'GET'): Promise<string> {
  const script = `fetch('http://${address}${path}', { method: '${method}' }).then(async (r) => console.log(r.status, await r.text()))`;
  return host.sh(`'${process.execPath}' -e "${script}"`);
}

describe('metrics', { skip: reasonToSkip() }, () => {
  test('tell the state, the peers, and each rejected lease with its reason', async (t) => {
    const { host, store } = await oneHost(t);
    store.put('10.50.98.0/24', '172.30.1.98');
    store.put('10.50.99.0/24', '127.0.0.1');
    await startDaemon(host, argumentsOf(store));
    const text = await ask(host, '/metrics');
    assert.match(text, /^200 /);
    assert.match(text, /^heddle_state\{state="running"\} 1$/m);
    assert.match(text, /^heddle_peers\{state="in_place"\} 1$/m);
    assert.match(text, /^heddle_leases_rejected 1$/m);
    assert.match(
      text,
      /^heddle_lease_rejected\{key="10\.50\.99\.0-24",because="its PublicIP 127\.0\.0\.1 is a loopback address"\} 1$/m,
    );
    assert.match(text, /^heddle_events_total\{event="peer-added"\} 1$/m);
    assert.match(text, /^heddle_operation_seconds_count\{operation="add"\} 1$/m);
    assert.match(text, /^heddle_lease_expiry_seconds \d+/m);
  });

  test('tell whether the store is away', async (t) => {
    const { host, store } = await oneHost(t);
    const daemon = await startDaemon(host, argumentsOf(store));
    assert.match(await ask(host, '/metrics'), /^heddle_store_up 1$/m);
    await host.sh(`mv ${store.path} ${store.path}.away`);
    await daemon.until('store-outage');
    const text = await ask(host, '/metrics');
    assert.match(text, /^heddle_store_up 0$/m);
    assert.match(text, /^heddle_state\{state="running"\} 1$/m);
    await host.sh(`mv ${store.path}.away ${store.path}`);
    await daemon.until('store-back');
    assert.match(await ask(host, '/metrics'), /^heddle_store_up 1$/m);
  });

  test('are all that is served', async (t) => {
    const { host, store } = await oneHost(t);
    await startDaemon(host, argumentsOf(store));
    assert.match(await ask(host, '/status'), /^404 /);
    assert.match(await ask(host, '/metrics', 'POST'), /^405 /);
  });

  test('that cannot be served, or whose address is none, are refused before anything runs', async (t) => {
    const { host, store } = await oneHost(t);
    await startDaemon(host, argumentsOf(store));
    const unusable = [
      [address, 'heddle: cannot listen for metrics at 127.0.0.1 port 9270: address already in use'],
      ['192.0.2.7:9270', 'heddle: cannot listen for metrics at 192.0.2.7 port 9270: address not available'],
    ] as const;
    for (const [given, message] of unusable) {
      const words = upCommand([...argumentsOf(store), '--metrics-address', given], '/run/other');
      const { exitCode, stdout, stderr } = await host.run(words);
      assert.equal(stderr.trimEnd(), `${message}\n  give another --metrics-address`);
      assert.deepEqual([exitCode, stdout], [exitCodes.listen, '']);
    }
    assert.equal(await host.sh('ls -d /run/other 2>/dev/null || true'), '');
    for (const wrong of ['9270', 'localhost:9270', '127.0.0.1:0', '127.0.0.1:70000', '[::1:9270']) {
      const refused = await host.run(upCommand(['--metrics-address', wrong]));
      assert.equal(refused.exitCode, exitCodes.usage, wrong);
      assert.match(refused.stderr, /must be an IP address and a port/);
    }
  });
});
