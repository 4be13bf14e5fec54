import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test, type TestContext } from 'node:test';

import { exitCodes, type FailureKind } from '../../src/diagnostic/failure.ts';
import type { EtcdKeys } from './etcd/etcd-keys.ts';
import { startEtcd } from './etcd/host-etcd.ts';
import { Daemon, runOn, startDaemon, upCommand, type DaemonOptions } from './harness/daemon.ts';
import { startHosts } from './harness/host-set.ts';
import type { Host } from './harness/host.ts';
import { findDevice } from './harness/kernel-state.ts';
import { reasonToSkip } from './harness/needs.ts';
import { tracesOf } from './harness/traces-of.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const options = { skip: reasonToSkip('etcd'), timeout: 60_000 };

let host: Host;
let etcd: EtcdKeys;
const closers: (() => Promise<void>)[] = [];
before(async () => {
  if (options.skip !== false) return;
  const set = await startHosts([1]);
  closers.push(() => set.close());
  const [first] = set.hosts;
  assert.ok(first);
  host = first;
  etcd = await startEtcd({ after: (release) => closers.push(release) }, host);
});
after(async () => {
  for (const close of closers.reverse()) await close();
});

let networks = 0;

/** A network of a test's own, and the options that lead to it. */
async function makeNetwork(document?: object): Promise<{ keys: EtcdKeys; store: readonly string[] }> {
  networks += 1;
  const keys = etcd.under(`/network-${networks}`);
  if (document !== undefined) await keys.setNetwork(document);
  return { keys, store: ['--store', 'etcd', '--etcd-prefix', keys.prefix] };
}

function networkOf(backend: object, network: object = {}): object {
  return { Network: '10.50.0.0/16', ...network, Backend: backend };
}

async function start(t: TestContext, args: readonly string[], more?: DaemonOptions): Promise<Daemon> {
  const daemon = await startDaemon(host, args, more);
  t.after(() => daemon.stop());
  return daemon;
}

/** Asserts that `heddle up` is refused with this text on stderr, whole, and that nothing was leased or left. */
async function assertRefused(
  document: object,
  args: readonly string[],
  kind: FailureKind,
  say: (config: string, description: string) => string,
): Promise<void> {
  const { keys, store } = await makeNetwork(document);
  const traces = await tracesOf(host);
  const { exitCode, stderr } = await host.run(upCommand([...store, ...args]));
  const description = `etcd at http://127.0.0.1:4001, http://127.0.0.1:2379 under ${keys.prefix}`;
  assert.equal(stderr, say(`etcd:${keys.prefix}/config`, description));
  assert.equal(exitCode, exitCodes[kind]);
  assert.deepEqual(await keys.list(), []);
  assert.deepEqual(await tracesOf(host), traces);
}

const withCommands = networkOf({
  Type: 'extension',
  PreStartupCommand: 'echo AbC; echo "$PUBLIC_IP" >ran',
  ShutdownCommand: 'rm ran',
});

describe('commands in a network configuration', options, () => {
  test('are refused with what one can do instead', options, () =>
    assertRefused(
      withCommands,
      [],
      'recipe',
      (config, description) =>
        `heddle: ${config} contains commands (PreStartupCommand, ShutdownCommand), ` +
        `so anyone who can write to the ${description} could run commands as root on this node\n` +
        '  save the document as a file on this node and give it with --recipe, ' +
        'or allow commands from the store with --trust-store-commands',
    ),
  );

  test('run for those who trust whoever can write there', options, async (t) => {
    const { keys, store } = await makeNetwork(withCommands);
    await start(t, [...store, '--trust-store-commands']);
    assert.equal(await host.sh('cat /run/state/ran'), host.publicIp);
    assert.match((await keys.of(host.publicIp)).value, /"BackendType":"extension","BackendData":"AbC"}$/);
  });

  test('do not run when the recipe is a file', options, async (t) => {
    const { store } = await makeNetwork(withCommands);
    const file = join(temporaryDirectory(t), 'own.json');
    await writeFile(file, JSON.stringify(networkOf({ Type: 'extension', PreStartupCommand: 'echo own' })));
    await start(t, [...store, '--recipe', file]);
    assert.equal(await host.sh('ls /run/state | grep -c "^ran$" || true'), '0');
  });
});

describe('the type in a network configuration', options, () => {
  test('selects the recipe, and its other keys are parameters', options, async (t) => {
    const backend = { Type: 'vxlan', VNI: 9, Port: 4789, DirectRouting: true };
    const { store } = await makeNetwork(networkOf(backend));
    await start(t, store);
    const device = await findDevice(host, 'flannel.9');
    assert.ok(device);
    assert.match(await host.sh('ip -d link show flannel.9'), / vxlan id 9 .* dstport 4789 /);
    const status = await runOn(host, 'status', '--json');
    const { recipe } = JSON.parse(status.stdout) as { recipe: { name: string; type: string } };
    assert.deepEqual([recipe.name, recipe.type], ['vxlan', 'vxlan']);
  });

  test('is vxlan where there is none, as flannel documents', options, async (t) => {
    const { store } = await makeNetwork({ Network: '10.50.0.0/16' });
    await start(t, store);
    assert.ok(await findDevice(host, 'flannel.1'));
  });

  test(
    'does not have to make sense of every key: flannel passes over the others, too',
    options,
    async (t) => {
      const { store } = await makeNetwork(networkOf({ Type: 'vxlan', VNII: 1 }));
      const daemon = await start(t, store);
      const { code, hint } = await daemon.logged('finding');
      assert.deepEqual([code, hint], ['passed-over', 'did you mean `VNI`?']);
    },
  );

  test('is refused if the node does not have a recipe for it', options, () =>
    assertRefused(
      networkOf({ Type: 'shuttle' }),
      [],
      'recipe',
      (config) =>
        `heddle: ${config} has the type "shuttle", but this machine does not have a recipe with that name\n` +
        '  give a recipe of this type with --recipe or --recipe-dir',
    ),
  );

  test('is refused when the recipe is of another', options, () =>
    assertRefused(
      networkOf({ Type: 'host-gw' }),
      ['--recipe', 'vxlan'],
      'recipe',
      (config) =>
        `heddle: the recipe vxlan is of type "vxlan", but the network in ${config} is of type "host-gw"\n` +
        '  give --recipe a recipe of type "host-gw", or use another store',
    ),
  );
});

test('a network configuration that is missing is waited for, and asked for', options, async (t) => {
  const { keys, store } = await makeNetwork();
  const daemon = new Daemon(host, [...store, '--recipe', 'host-gw']);
  t.after(() => daemon.stop());
  const { msg } = await daemon.until('network-awaited');
  assert.match(
    msg,
    /the network configuration is missing in .*; waiting for one at the key \S+ in the v3 API of etcd$/,
  );
  const [awaited] = daemon.all('network-awaited');
  const command = `heddle network set --etcd-endpoints \\S+ --etcd-prefix ${keys.prefix} FILE`;
  assert.match(awaited?.hint ?? '', new RegExp(command));
  assert.ok(msg.includes(keys.prefix));
  await keys.setNetwork(networkOf({ Type: 'host-gw' }));
  await daemon.until('ready');
});

test('a range without a free subnet is told with its numbers, before anything is run', options, async () => {
  const { keys, store } = await makeNetwork(
    networkOf({ Type: 'vxlan' }, { SubnetMin: '10.50.8.0', SubnetMax: '10.50.9.0' }),
  );
  const vxlan = (ip: string): string => `{"PublicIP":"${ip}","PublicIPv6":null,"BackendType":"vxlan"}`;
  await keys.put({ key: '10.50.8.0-24', value: vxlan('172.30.1.8') }, 600);
  await keys.put({ key: '10.50.9.0-24', value: vxlan('172.30.1.9') });
  const { exitCode, stderr } = await host.run(upCommand(store));
  assert.equal(exitCode, exitCodes['pool-exhausted']);
  assert.match(
    stderr,
    /: all 2 of length \/24 from 10\.50\.8\.0 to 10\.50\.9\.0 of 10\.50\.0\.0\/16 are in use \(1 leased, 1 reserved\)\n/,
  );
  assert.equal(await findDevice(host, 'flannel.1'), undefined);
});

test(
  'no secret of etcd’s reaches a command, the log, the status or the state directory',
  options,
  async (t) => {
    const { store } = await makeNetwork(
      networkOf({ Type: 'extension', PreStartupCommand: 'env >given; env >&2; echo AbC' }),
    );
    const secret = 'swordfish-etcd';
    const environment = {
      FLANNELD_ETCD_USERNAME: 'weaver',
      FLANNELD_ETCD_PASSWORD: secret,
      ETCDCTL_USER: `root:${secret}`,
      ETCDCTL_PASSWORD: secret,
      ETCDCTL_KEY: `/${secret}`,
    };
    const daemon = await start(t, [...store, '--trust-store-commands'], { environment });
    const given = await host.sh('cat /run/state/given');
    assert.match(given, /^IFACE=eth0$/m);
    assert.doesNotMatch(given, /ETCD|swordfish/);
    const { stdout } = await runOn(host, 'status', '--json');
    assert.ok(!`${stdout}${daemon.describe()}${JSON.stringify(daemon.events)}`.includes(secret));
    assert.equal(await host.sh(`grep -rl ${secret} /run/state || true`), '');
  },
);
