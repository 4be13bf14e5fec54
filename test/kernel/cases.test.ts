import assert from 'node:assert/strict';
import { chmodSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { NodeStatus } from '../../src/daemon/report/status.ts';
import { heddle } from './lab-harness.ts';
import { Daemon, runOn, startDaemon } from './harness/daemon.ts';
import { startHosts } from './harness/host-set.ts';
import { endProgram, type Host } from './harness/host.ts';
import { reasonToSkip } from './harness/needs.ts';
import { oneHost } from './harness/one-host.ts';
import { StoreDirectory } from './harness/store-directory.ts';

const options = { skip: reasonToSkip(), concurrency: 2 };

/** A recipe that only writes down what it is asked to do. */
const scribe = {
  Type: 'extension',
  SubnetAddCommand: 'echo add $SUBNET >>did',
  SubnetRemoveCommand: 'echo remove $SUBNET >>did',
  ShutdownCommand: 'echo down >>did',
};

function argumentsOf(store: StoreDirectory, backend: object = {}): readonly string[] {
  const document = { Network: '10.50.0.0/16', Backend: { ...scribe, ...backend } };
  return ['--recipe', store.recipe('scribe', document), '--store-dir', store.path];
}

async function statusOf(host: Host): Promise<NodeStatus> {
  const { stdout, stderr } = await runOn(host, 'status', '--json');
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as NodeStatus;
}

describe('what only another shell understands', options, () => {
  const bashisms: Readonly<Record<string, RegExp>> = {
    'if [[ -n "$SUBNET" ]]; then echo add "$SUBNET" >>did; fi': /\[\[: not found/,
    'source ./functions || true': /source: not found/,
    'declare -a subnets || true': /declare: not found/,
  };

  for (const [line, complaint] of Object.entries(bashisms)) {
    test(`is found by recipe check, and its complaint is shown although the command succeeds: ${line}`, async (t) => {
      const { host, store } = await oneHost(t);
      store.put('10.50.200.0/24', '172.30.1.200', { BackendData: 'x' });
      const args = argumentsOf(store, { SubnetAddCommand: [line] });
      const [, recipe = ''] = args;
      const daemon = await startDaemon(host, args);
      const added = await daemon.logged('peer-added');
      assert.match(added.stderr, complaint);
      assert.equal((await daemon.stop()).exitCode, 0);
      const checked = await host.run([process.execPath, heddle, 'recipe', 'check', recipe]);
      assert.match(checked.stdout, /warning\[not-portable\]/, checked.stdout + checked.stderr);
    });
  }
});

describe('the lock of a store of files', options, () => {
  for (const mode of [0o644, 0o666, undefined]) {
    const what = mode === undefined ? 'is made' : `had mode ${mode.toString(8)}`;
    test(`cannot be held by a user who cannot write there: it ${what}`, async (t) => {
      const { host, store } = await oneHost(t);
      const lock = join(store.path, '.lock');
      for (const path of [store.root, store.path]) chmodSync(path, 0o755);
      if (mode !== undefined) {
        writeFileSync(lock, '');
        chmodSync(lock, mode);
      }
      const daemon = await startDaemon(host, argumentsOf(store));
      const stranger = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'];
      const held = await host.run([...stranger, 'flock', '--nonblock', lock, 'echo', 'held']);
      assert.match(held.stderr, /Permission denied/);
      assert.equal(held.stdout, '');
      assert.equal(statSync(lock).mode & 0o777, 0o600);
      assert.equal((await daemon.stop()).exitCode, 0);
    });
  }

  test('that somebody else holds keeps no daemon from ending', async (t) => {
    const { host, store } = await oneHost(t);
    const lock = join(store.path, '.lock');
    const holder = host.start(['flock', lock, 'sh', '-c', 'echo held >/run/held; exec sleep 60']);
    await host.until('[ -e /run/held ]');
    const daemon = new Daemon(host, argumentsOf(store));
    await host.until('[ $(grep -lx flock /proc/[0-9]*/comm | wc -l) -eq 2 ]');
    assert.equal((await statusOf(host)).state, 'leasing');
    const { exitCode, stderr } = await daemon.stop();
    assert.deepEqual([exitCode, stderr], [0, '']);
    assert.equal((await host.run(['flock', '--nonblock', lock, 'true'])).exitCode, 1, 'it is held still');
    endProgram(holder);
    await holder;
  });
});

describe('a node whose clock is wrong', options, () => {
  for (const [what, days] of [
    ['three days ahead', 3],
    ['a day and an hour ahead', 25 / 24],
    ['three days behind', -3],
  ] as const) {
    test(`disturbs no other, and says so: ${what}`, async (t) => {
      const set = await startHosts([1, 1, 1]);
      t.after(() => set.close());
      const [right, other, wrong] = set.hosts;
      assert.ok(right && other && wrong);
      const store = new StoreDirectory(t);
      const shim = join(store.root, 'clock.cjs');
      writeFileSync(shim, shiftClock(days * 24 * 3600 * 1000));
      const daemons = [
        await startDaemon(right, argumentsOf(store)),
        await startDaemon(other, argumentsOf(store)),
      ];
      const before = store.subnets();
      const off = await startDaemon(wrong, argumentsOf(store), {
        environment: { NODE_OPTIONS: `--require=${shim}` },
      });
      const concern = await off.logged('concern', ({ kind }) => kind === 'clock');
      assert.match(concern.because, days > 0 ? / ahead of / : / behind /);
      for (const subnet of before) await off.logged('peer-added', ({ peer }) => peer.subnet === subnet);
      assert.deepEqual(off.all('peer-removed'), []);
      assert.deepEqual(off.all('lease-lost'), []);
      await off.stop();
      for (const daemon of daemons) {
        await daemon.logged('peer-added');
        assert.deepEqual(daemon.all('lease-lost'), []);
      }
      for (const subnet of before) assert.ok(store.subnets().includes(subnet), `${subnet} is still leased`);
      const removed = await right.sh('cat /run/state/did');
      for (const subnet of before) assert.ok(!removed.includes(`remove ${subnet}`), removed);
      await Promise.all(daemons.map((daemon) => daemon.stop()));
    });
  }
});

describe('what others send', options, () => {
  test('half-open connections and an endless request to the metrics leave descriptors for leases', async (t) => {
    const { host, store } = await oneHost(t);
    const args = [...argumentsOf(store), '--metrics-address', '127.0.0.1:9270'];
    const daemon = await startDaemon(host, args, { through: ['prlimit', '--nofile=256'] });
    const flood = host.start([process.execPath, '-e', floodScript]);
    await host.until('[ -e /run/flooded ]');
    const subnets = Array.from({ length: 40 }, (_, index) => `10.50.${index + 120}.0/24`);
    for (const [index, subnet] of subnets.entries()) {
      store.put(subnet, `172.30.1.${index + 120}`, { BackendData: 'x' });
      await daemon.until('peer-added', ({ peer }) => peer.subnet === subnet);
    }
    const status = await statusOf(host);
    assert.deepEqual([status.state, status.counts.inPlace], ['running', subnets.length]);
    assert.deepEqual(daemon.all('store-fault'), []);
    assert.equal((await daemon.stop()).exitCode, 0);
    endProgram(flood);
    await flood;
  });

  for (const [what, bytes, count] of [
    ['sixty leases of 5 MB', 5_000_000, 60],
    ['a lease of a gigabyte', 1 << 30, 1],
    ['leases one byte too long', (64 << 10) + 1, 60],
  ] as const) {
    test(`${what} are not kept, and no other lease waits for them`, async (t) => {
      const { host, store } = await oneHost(t);
      for (let n = 0; n < count; n += 1) {
        const file = join(store.path, 'subnets', `10.50.${n + 120}.0-24`);
        writeFileSync(file, '{"PublicIP":"172.30.1.9","BackendData":"');
        truncateSync(file, bytes);
      }
      store.put('10.50.200.0/24', '172.30.1.200', { BackendData: 'x' });
      const daemon = await startDaemon(host, argumentsOf(store));
      const { because } = await daemon.logged('lease-rejected');
      assert.match(because, /is larger than 65536 bytes/);
      await daemon.logged('peer-added', ({ peer }) => peer.subnet === '10.50.200.0/24');
      const pid = (await statusOf(host)).pid;
      const memory = Number(await host.sh(`awk '/VmHWM/ { print $2 }' /proc/${pid}/status`));
      assert.ok(memory < 200_000, `${memory} kB`);
      assert.equal((await daemon.stop()).exitCode, 0);
    });
  }

  test('a text that a poisonous pattern is slow for is refused at once, and the daemon answers', async (t) => {
    const { host, store } = await oneHost(t);
    const fields = { One: '([a-z]+-?)+', Two: '(a|aa)+', Three: '(.*)*b' };
    const backend = {
      BackendData: { Format: 'json', Fields: fields },
      PreStartupCommand: `echo '{"One":"a","Two":"a","Three":"b"}'`,
    };
    const daemon = await startDaemon(host, argumentsOf(store, backend));
    const slow = `${'a'.repeat(40)}!`;
    const fine = { One: 'a', Two: 'a', Three: 'b' };
    for (const [index, name] of Object.keys(fields).entries()) {
      const key = `10.50.${index + 120}.0-24`;
      store.put(key, `172.30.1.${index + 120}`, { BackendData: { ...fine, [name]: slow } });
      const { because } = await daemon.until('lease-rejected', (event) => event.key === key);
      assert.match(because, new RegExp(name));
    }
    assert.equal((await statusOf(host)).counts.rejected, 3);
    assert.equal((await daemon.stop()).exitCode, 0);
  });
});

/** Code that shifts the clock of a Node process by milliseconds. Timers do not follow the clock. */
function shiftClock(ms: number): string {
  return `
    const { now } = Date;
    const RealDate = Date;
    globalThis.Date = class extends RealDate {
      constructor(...given) { super(...(given.length === 0 ? [now() + ${ms}] : given)); }
      static now() { return now() + ${ms}; }
    };
  `;
}

/** A program that opens many connections to the metrics, which ask for nothing, and sends a request without an end. */
const floodScript = `
  const { connect } = require('node:net');
  const { writeFileSync } = require('node:fs');
  const open = () => connect(9270, '127.0.0.1').on('error', () => undefined);
  let pending = 0;
  const hold = () => {
    pending += 1;
    open().once('connect', () => { if (pending >= 300) writeFileSync('/run/flooded', ''); }).once('close', hold).write('GET /');
  };
  for (let n = 0; n < 400; n += 1) hold();
  const endless = open();
  endless.write('POST /metrics HTTP/1.1\\r\\nhost: x\\r\\ntransfer-encoding: chunked\\r\\n\\r\\n');
  const pour = () => { while (!endless.destroyed && endless.write('1000\\r\\n' + 'x'.repeat(4096) + '\\r\\n')); };
  endless.on('drain', pour);
  pour();
`;
