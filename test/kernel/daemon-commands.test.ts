import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { exitCodes } from '../../src/diagnostic/failure.ts';
import { Daemon, runOn, startDaemon, upCommand } from './harness/daemon.ts';
import type { Host } from './harness/host.ts';
import { until } from '../support/until.ts';
import { reasonToSkip } from './harness/needs.ts';
import type { StoreDirectory } from './harness/store-directory.ts';
import { oneHost } from './harness/one-host.ts';
import { tracesOf } from './harness/traces-of.ts';

const options = { skip: reasonToSkip() };

function recipeOf(backend: object): object {
  return { Network: '10.50.0.0/16', Backend: { Type: 'extension', ...backend } };
}

/** What a store has for `heddle up`: its directory, and a recipe in it. */
function argumentsOf(store: StoreDirectory, name: string, backend: object): readonly string[] {
  return ['--recipe', store.recipe(name, recipeOf(backend)), '--store-dir', store.path];
}

/** What a host has in the kernel and in `/run`, but for what the state directory keeps. */
async function kernelOf(host: Host): Promise<readonly string[]> {
  return (await tracesOf(host)).filter((line) => !line.includes('/run/state/'));
}

const makesBridge = {
  PreStartupCommand: 'ip link add woven type bridge',
  ShutdownCommand: 'echo down >>did; ip link delete woven',
};

describe('a start that fails on a fresh node is undone', options, () => {
  test('PreStartupCommand: its line, status and stderr are shown, and ShutdownCommand is run', async (t) => {
    const { host, store } = await oneHost(t);
    const traces = await kernelOf(host);
    const args = argumentsOf(store, 'snag', {
      ...makesBridge,
      PreStartupCommand: [
        'ip link add woven type bridge',
        '# now it snags',
        'echo torn warp >&2; false',
        'echo no',
      ],
    });
    const ran = await host.run(upCommand(args));
    const path = `${store.root}/snag.json`;
    assert.equal(
      ran.stderr,
      `heddle: the network of snag cannot be brought up: PreStartupCommand (${path}:8) exited with status 1\n` +
        '    $ echo torn warp >&2; false\n' +
        '    torn warp\n' +
        '  correct the command, or what it needs on this host; heddle recipe explain shows its environment',
    );
    assert.equal(ran.exitCode, exitCodes.command);
    assert.match(
      ran.stdout,
      /error PreStartupCommand \(\S+snag\.json:8\) exited with status 1\n {4}\$ echo torn warp/,
    );
    assert.match(ran.stdout, /info {2}ShutdownCommand done in/);
    assert.deepEqual(store.subnets(), []);
    assert.deepEqual(await kernelOf(host), traces);
  });

  test('PostStartupCommand: the lease is given back', async (t) => {
    const { host, store } = await oneHost(t);
    const traces = await kernelOf(host);
    const args = argumentsOf(store, 'snag', {
      ...makesBridge,
      PostStartupCommand: 'ip address add $SUBNET_IP/32 dev woven; exit 7',
    });
    const daemon = new Daemon(host, args);
    const { exitCode, stderr } = await daemon.ended;
    assert.match(
      stderr,
      /^heddle: the network of snag cannot be brought up: PostStartupCommand \(\S+snag\.json:7\) exited with status 7\n/,
    );
    assert.equal(exitCode, exitCodes.command);
    assert.equal(daemon.all('lease-acquired').length, 1);
    assert.deepEqual(store.subnets(), []);
    assert.deepEqual(await kernelOf(host), traces);
  });

  test('a lease that was there before stays', async (t) => {
    const { host, store } = await oneHost(t);
    store.put('10.50.77.0/24', host.publicIp);
    const daemon = new Daemon(host, argumentsOf(store, 'snag', { PostStartupCommand: 'false' }));
    await daemon.ended;
    assert.equal(daemon.all('lease-acquired')[0]?.how, 'reused');
    assert.deepEqual(store.subnets(), ['10.50.77.0/24']);
  });

  test('also what does not work of the undoing is told, and hides nothing', async (t) => {
    const { host, store } = await oneHost(t);
    const args = argumentsOf(store, 'snag', {
      PreStartupCommand: 'ip link add woven type bridge',
      PostStartupCommand: `echo snagged >&2; mv ${store.path} ${store.path}.away; false`,
      ShutdownCommand: 'ip link delete woven; echo knot >&2; exit 4',
    });
    const daemon = new Daemon(host, args);
    const { exitCode, stderr } = await daemon.ended;
    assert.match(stderr, /PostStartupCommand \(\S+\) exited with status 1\n.*\n {4}snagged\n/);
    assert.equal(exitCode, exitCodes.command);
    assert.match(daemon.all('warning')[0]?.message ?? '', /^not everything was undone: /);
    assert.equal(daemon.all('command-failed')[1]?.trouble.stderr, 'knot');
    assert.doesNotMatch(await host.sh('ip link'), /woven/);
  });

  for (const [what, printed, because] of [
    [
      'text',
      '"two words"',
      /printed backend data that other nodes would reject: its backend data "two words" does not match/,
    ],
    ['a flag', '-x', /its backend data "-x" does not match/],
  ] as const) {
    test(`PreStartupCommand that prints ${what} that does not match`, async (t) => {
      const { host, store } = await oneHost(t);
      const args = argumentsOf(store, 'snag', {
        ...makesBridge,
        PreStartupCommand: `ip link add woven type bridge; printf '%s\\n' ${printed}`,
      });
      const ran = await host.run(upCommand(args));
      assert.match(ran.stderr, because);
      assert.match(
        ran.stderr,
        /\n {2}correct the command, or the recipe's BackendData; print messages for people on stderr$/,
      );
      assert.equal(ran.exitCode, exitCodes.command);
      assert.deepEqual(store.subnets(), []);
      assert.doesNotMatch(await host.sh('ip link'), /woven/);
    });
  }

  test('a command that hangs is ended with all that it started', async (t) => {
    const { host, store } = await oneHost(t);
    const args = argumentsOf(store, 'snag', {
      PreStartupCommand: ['trap "" TERM; echo waiting >&2', 'sleep 86399 & sleep 86398'],
      Timeout: 1,
    });
    const ran = await host.run(upCommand(args));
    assert.match(
      ran.stderr,
      /PreStartupCommand \(\S+snag\.json:7\) did not end within 1 s, its Timeout .*\n {4}\$ sleep 86399 & sleep 86398\n {4}waiting\n/,
    );
    assert.equal(ran.exitCode, exitCodes.command);
    assert.equal(
      await host.sh('cat /proc/[0-9]*/cmdline | tr "\\0" " " | grep -c "[s]leep 8639" || true'),
      '0',
    );
  });
});

describe('a start that fails as a takeover', options, () => {
  for (const command of ['PreStartupCommand', 'PostStartupCommand'] as const) {
    test(`${command}: leaves the data plane and the lease as they are`, async (t) => {
      const { host, store } = await oneHost(t);
      const add = 'ip route add $SUBNET dev woven; echo add $SUBNET >>did';
      const backend = {
        PreStartupCommand: 'ip link show woven >/dev/null 2>&1 || ip link add woven up type bridge',
        SubnetAddCommand: add,
        SubnetRemoveCommand: 'ip route delete $SUBNET dev woven',
        ShutdownCommand: 'ip link delete woven',
      };
      store.put('10.50.99.0/24', '172.30.1.99');
      const first = await startDaemon(host, argumentsOf(store, 'loom', backend));
      await first.kill();
      // The socket of the dead daemon goes with the next one, and so does the program by which it heard of addresses.
      const withoutSocket = async (): Promise<readonly string[]> =>
        (await tracesOf(host)).filter((line) => !/heddle\.(?:sock|pid)|\.commands|^ip$/.test(line));
      const traces = await withoutSocket();
      const content = store.subnets();

      const broken = argumentsOf(store, 'loom', { ...backend, [command]: 'exit 9' });
      const ran = await host.run(upCommand(broken));
      assert.match(
        ran.stderr,
        new RegExp(`^heddle: the network of loom cannot be brought up: ${command} .* exited with status 9`),
      );
      assert.equal(ran.exitCode, exitCodes.command);
      assert.deepEqual(store.subnets(), content);
      // The program is ended together with the daemon, and may outlive it by a moment.
      await until('the program that tells of addresses to be gone', async () => {
        return !(await tracesOf(host)).includes('ip');
      });
      assert.deepEqual(
        (await tracesOf(host)).filter((line) => !/heddle\.(?:sock|pid)|\.commands/.test(line)),
        traces.filter((line) => !/heddle\.(?:sock|pid)|\.commands/.test(line)),
      );

      const down = await runOn(host, 'down');
      assert.equal(down.exitCode, 0, down.stderr);
      assert.doesNotMatch(await host.sh('ip link'), /woven/);
    });
  }
});

describe('a peer whose SubnetAddCommand fails', options, () => {
  test('degrades the node, is tried again, and costs no other peer', async (t) => {
    const { host, store } = await oneHost(t);
    const args = argumentsOf(store, 'loom', {
      SubnetAddCommand: [
        'echo adding >&2',
        '[ "$SUBNET" != 10.50.66.0/24 ] || [ -e mended ] || {',
        '  echo no way to $PUBLIC_IP >&2; exit 5; }',
      ],
      SubnetRemoveCommand: 'true',
    });
    store.put('10.50.66.0/24', '172.30.1.66');
    store.put('10.50.67.0/24', '172.30.1.67');
    const daemon = new Daemon(host, args);
    const failed = await daemon.until('peer-failed');
    assert.equal(failed.peer.subnet, '10.50.66.0/24');
    assert.equal(failed.level, 'warn');
    assert.equal(failed.attempt, 1);
    assert.match(
      failed.msg,
      /^peer 10\.50\.66\.0\/24 at 172\.30\.1\.66 could not be added \(new, attempt 1\): SubnetAddCommand \(\S+loom\.json:8\) exited with status 5; next try in \d+ ms$/,
    );
    assert.deepEqual(failed.trouble.where, { file: `${store.root}/loom.json`, line: 8 });
    assert.equal(failed.trouble.stderr, 'adding\nno way to 172.30.1.66');
    await daemon.until('state', ({ to }) => to === 'degraded');
    await daemon.logged('peer-added', ({ peer }) => peer.subnet === '10.50.67.0/24');

    store.put('10.50.168.0/24', '172.30.1.68');
    await daemon.until('peer-added', ({ peer }) => peer.subnet === '10.50.168.0/24');
    const status = await runOn(host, 'status');
    assert.equal(status.exitCode, exitCodes.degraded);
    assert.match(status.stdout, /^state +degraded: 1 peer failing$/m);
    assert.match(status.stdout, /^peers +2 of 3 in place, .*1 failing/m);

    await host.sh('touch /run/state/mended');
    const added = await daemon.until('peer-added', ({ peer }) => peer.subnet === '10.50.66.0/24');
    assert.equal(added.reason, 'retry');
    await daemon.until('state', ({ to }) => to === 'running');
    assert.equal((await daemon.stop()).exitCode, 0);
    assert.deepEqual(
      daemon.all('state').map(({ to }) => to),
      ['pre-startup', 'leasing', 'post-startup', 'degraded', 'running', 'stopping', 'stopped'],
      'no retry made it running for a moment',
    );
  });

  test('hangs: it is ended after its Timeout, and the others do not wait for it', async (t) => {
    const { host, store } = await oneHost(t);
    const args = argumentsOf(store, 'loom', {
      SubnetAddCommand: '[ "$SUBNET" != 10.50.66.0/24 ] || sleep 86397',
      Timeout: 1,
      Concurrency: 2,
    });
    store.put('10.50.66.0/24', '172.30.1.66');
    for (const number of [67, 68, 69]) store.put(`10.50.${number}.0/24`, `172.30.1.${number}`);
    const daemon = new Daemon(host, args);
    const failed = await daemon.until('peer-failed');
    assert.match(
      failed.msg,
      /could not be added .* did not end within 1 s, its Timeout \(if it needs longer, raise Timeout in the recipe\); next try/,
    );
    assert.deepEqual(
      daemon
        .all('peer-added')
        .map(({ peer }) => peer.subnet)
        .sort(),
      ['10.50.67.0/24', '10.50.68.0/24', '10.50.69.0/24'],
    );
    await daemon.kill();
  });

  test('a lease that no rule lets in runs nothing, and is named', async (t) => {
    const { host, store } = await oneHost(t);
    const args = argumentsOf(store, 'loom', { SubnetAddCommand: 'echo $SUBNET >>did' });
    store.put('10.50.66.0/24', '172.30.1.66', { BackendData: '$(touch pwned)' });
    store.put('10.50.67.0/24', '127.0.0.1');
    store.put('10.51.0.0/24', '172.30.1.68');
    store.put('10.50.69.0/24', host.publicIp, { BackendType: 'vxlan' });
    store.putText('10.50.70.0/24', '{"PublicIP":');
    store.putText('weft', 'no lease');
    const daemon = await startDaemon(host, args);
    assert.deepEqual(
      daemon
        .all('lease-rejected')
        .map(({ key }) => key)
        .sort(),
      ['10.50.66.0-24', '10.50.67.0-24', '10.50.70.0-24', '10.51.0.0-24'],
    );
    assert.match(
      daemon.all('store-fault')[0]?.msg ?? '',
      /subnets\/weft skipped: it does not have the name of a lease \(10\.50\.4\.0-24\)$/,
    );
    const torn = daemon.all('lease-rejected').find(({ key }) => key === '10.50.70.0-24');
    assert.match(torn?.msg ?? '', /^lease 10\.50\.70\.0-24 rejected: .*JSON/);
    const { counts } = JSON.parse((await runOn(host, 'status', '--json')).stdout) as { counts: object };
    assert.deepEqual(counts, {
      wanted: 0,
      inPlace: 0,
      pending: 0,
      failing: 0,
      ignored: 0,
      rejected: 4,
      unreachable: 0,
    });
    await daemon.stop();
    assert.equal(await host.sh('ls /run/state | grep -xE "did|pwned" || true'), '');
  });
});

test('the stderr of commands is log, and their stdout is data', options, async (t) => {
  const { host, store } = await oneHost(t);
  const args = argumentsOf(store, 'loom', {
    PreStartupCommand: 'echo some noise >&2; echo 02:00:00:00:00:01; echo more noise >&2',
    PostStartupCommand: 'echo not data; echo noise >&2',
    SubnetAddCommand: 'echo not data either; echo noise >&2',
  });
  store.put('10.50.99.0/24', '172.30.1.99');
  const daemon = await startDaemon(host, args);
  const [before, after_] = daemon.all('command-finished');
  assert.equal(before?.stderr, 'some noise\nmore noise');
  assert.equal(after_?.stderr, 'noise');
  const [subnet = ''] = store.subnets().filter((each) => each !== '10.50.99.0/24');
  assert.equal(store.read(subnet)['BackendData'], '02:00:00:00:00:01');
  assert.equal((await daemon.stop()).stderr, '');
});

test(
  'a ShutdownCommand that fails: told with what to do, and heddle down can try again',
  options,
  async (t) => {
    const { host, store } = await oneHost(t);
    const args = argumentsOf(store, 'loom', {
      PreStartupCommand: 'ip link add woven type bridge',
      SubnetAddCommand: 'true',
      SubnetRemoveCommand: '[ -e loose ]',
      ShutdownCommand: '[ -e loose ] && ip link delete woven',
    });
    store.put('10.50.99.0/24', '172.30.1.99');
    const daemon = await startDaemon(host, args);
    const { exitCode, stderr } = await daemon.stop();
    assert.equal(
      stderr,
      'heddle: the network could not be taken down completely: 1 of its peers could not be removed (10.50.99.0-24) and ShutdownCommand failed\n' +
        '  the log says why; then run: heddle down --state-dir /run/state',
    );
    assert.equal(exitCode, exitCodes.command);

    const again = await runOn(host, 'down');
    assert.match(
      again.stderr,
      /SubnetRemoveCommand .* exited with status 1[^]*heddle: the network could not be taken down completely: /,
    );
    assert.equal(again.exitCode, exitCodes.command);

    await host.sh('touch /run/state/loose');
    const last = await runOn(host, 'down');
    assert.equal(
      last.stdout,
      'Network down: 1 peer removed (from the journal of a dead daemon).',
      last.stderr,
    );
    assert.doesNotMatch(await host.sh('ip link'), /woven/);
  },
);
