import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { exitCodes } from '../../src/diagnostic/failure.ts';
import type { NodeStatus } from '../../src/daemon/report/status.ts';
import { Daemon, runOn, startDaemon, upCommand } from './harness/daemon.ts';
import type { Host } from './harness/host.ts';
import { reasonToSkip } from './harness/needs.ts';
import { oneHost } from './harness/one-host.ts';
import type { StoreDirectory } from './harness/store-directory.ts';

const options = { skip: reasonToSkip() };

/** Every command of it notes that it was run, and about whom. */
const scribe = {
  PreStartupCommand: 'echo pre-startup >>did',
  PostStartupCommand: 'echo post-startup >>did',
  SubnetAddCommand: 'echo add $SUBNET $PUBLIC_IP >>did',
  SubnetRemoveCommand: 'echo remove $SUBNET $PUBLIC_IP >>did',
  ShutdownCommand: 'echo shutdown >>did',
};

function argumentsOf(store: StoreDirectory, backend: object = scribe, name = 'scribe'): readonly string[] {
  const document = { Network: '10.50.0.0/16', Backend: { Type: 'extension', ...backend } };
  return ['--recipe', store.recipe(name, document), '--store-dir', store.path];
}

/** What the scribe has noted since it was asked last. */
async function done(host: Host): Promise<readonly string[]> {
  const text = await host.sh('cat /run/state/did 2>/dev/null && rm /run/state/did || true');
  return text === '' ? [] : text.split('\n');
}

/** The subnet of this host's own lease. */
function ownSubnet(host: Host, store: StoreDirectory): string {
  const [subnet] = store.subnets().filter((each) => store.read(each)['PublicIP'] === host.publicIp);
  assert.ok(subnet !== undefined, 'the host has a lease');
  return subnet;
}

function expiryOf(subnet: string, store: StoreDirectory): string {
  const { Expiration: time } = store.read(subnet);
  assert.ok(typeof time === 'string');
  return time;
}

const peer = '10.50.199.0/24';
const peerIp = '172.30.1.99';

describe('the life of a daemon', options, () => {
  test('one that is degraded stops without being called well on the way', async (t) => {
    const { host, store } = await oneHost(t);
    store.put(peer, peerIp);
    const daemon = new Daemon(host, argumentsOf(store, { ...scribe, SubnetAddCommand: 'false' }));
    await daemon.until('state', ({ to }) => to === 'degraded');
    await daemon.stop();
    const states = daemon.all('state').map(({ to }) => to);
    assert.deepEqual(states.slice(states.indexOf('degraded')), ['degraded', 'stopping', 'stopped']);
  });

  test('it comes up, follows its peers, and takes all down on SIGTERM', async (t) => {
    const { host, store } = await oneHost(t);
    store.put('10.50.198.0/24', '172.30.1.98');
    const daemon = await startDaemon(host, argumentsOf(store));
    const subnet = ownSubnet(host, store);
    assert.deepEqual(await done(host), ['pre-startup', 'post-startup', 'add 10.50.198.0/24 172.30.1.98']);
    const file = await host.sh('cat /run/subnet.env; stat -c %a /run/subnet.env');
    assert.equal(
      file,
      `FLANNEL_NETWORK=10.50.0.0/16\nFLANNEL_SUBNET=${subnet.replace('.0/24', '.1/24')}\nFLANNEL_MTU=1500\nFLANNEL_IPMASQ=false\n644`,
    );

    store.put(peer, peerIp);
    await daemon.until('peer-added', (event) => event.reason === 'new');
    store.put(peer, '172.30.1.97');
    await daemon.until('peer-added', (event) => event.reason === 'changed');
    store.remove('10.50.198.0/24');
    await daemon.until('peer-removed', (event) => event.reason === 'gone');
    assert.deepEqual(await done(host), [
      `add ${peer} ${peerIp}`,
      `remove ${peer} ${peerIp}`,
      `add ${peer} 172.30.1.97`,
      'remove 10.50.198.0/24 172.30.1.98',
    ]);

    assert.deepEqual(await daemon.stop().then(({ exitCode, stderr }) => [exitCode, stderr]), [0, '']);
    assert.deepEqual(await done(host), [`remove ${peer} 172.30.1.97`, 'shutdown']);
    assert.equal(ownSubnet(host, store), subnet, 'the lease is kept');
    const left = await host.sh('ls /run/state; ls /run/subnet.env 2>/dev/null || true');
    assert.deepEqual(left.split('\n').sort(), ['journal', 'lease.json']);
    const [finished] = daemon.all('shutdown-finished');
    assert.equal(finished?.msg, 'network taken down, 1 peer removed');
  });

  test('it gives its lease back if it is told to', async (t) => {
    const { host, store } = await oneHost(t);
    const daemon = await startDaemon(host, [...argumentsOf(store), '--release-lease']);
    assert.equal(store.subnets().length, 1);
    assert.equal((await daemon.stop()).exitCode, 0);
    assert.equal(daemon.all('lease-released').length, 1);
    assert.deepEqual(store.subnets(), []);
  });

  test('SIGINT stops it like SIGTERM; a second one does not wait for a command that hangs', async (t) => {
    const { host, store } = await oneHost(t);
    const hanging = { ...scribe, ShutdownCommand: 'echo shutdown >>did; exec sleep 86395' };
    const daemon = await startDaemon(host, argumentsOf(store, hanging));
    await daemon.signal('INT');
    await host.until('grep -q shutdown /run/state/did');
    await daemon.signal('INT');
    const { exitCode, stderr } = await daemon.ended;
    assert.match(stderr, /^heddle: the network could not be taken down completely: ShutdownCommand failed\n/);
    assert.equal(exitCode, exitCodes.command);
    assert.equal(daemon.all('command-failed')[0]?.trouble.how, 'was cancelled');
  });

  test('heddle down of a daemon that is stopping waits for it, and cuts nothing short', async (t) => {
    const { host, store } = await oneHost(t);
    const slow = {
      ...scribe,
      ShutdownCommand: 'echo shutdown >>did; until [ -e go ]; do sleep 0.01; done; echo over >>did',
    };
    const daemon = await startDaemon(host, argumentsOf(store, slow));
    await daemon.signal('TERM');
    await daemon.until('state', ({ to }) => to === 'stopping');
    const down = runOn(host, 'down');
    await host.until('grep -q shutdown /run/state/did');
    await host.sh('touch /run/state/go');
    assert.equal((await down).exitCode, 0, (await down).stderr);
    assert.equal((await daemon.ended).exitCode, 0);
    assert.deepEqual((await done(host)).slice(-2), ['shutdown', 'over']);
  });

  test('told to stop while it starts, it undoes what it did and ends well', async (t) => {
    const { host, store } = await oneHost(t);
    const slow = { ...scribe, PostStartupCommand: 'echo post-startup >>did; exec sleep 86394' };
    const daemon = new Daemon(host, argumentsOf(store, slow));
    await daemon.until('state', ({ to }) => to === 'post-startup');
    await host.until('grep -q post-startup /run/state/did');
    const status = JSON.parse((await runOn(host, 'status', '--json')).stdout) as NodeStatus;
    assert.equal(status.state, 'post-startup');
    const { exitCode, stderr } = await daemon.stop();
    assert.deepEqual([exitCode, stderr], [0, '']);
    assert.deepEqual(await done(host), ['pre-startup', 'post-startup', 'shutdown']);
    assert.deepEqual(store.subnets(), []);
  });

  test('two daemons on one state directory: the second is refused and touches nothing', async (t) => {
    const { host, store } = await oneHost(t);
    const first = await startDaemon(host, argumentsOf(store));
    await done(host);
    const content = store.content();
    const second = await host.run(upCommand(argumentsOf(store)));
    assert.equal(
      second.stderr,
      'heddle: the state directory /run/state is already in use by another heddle\n' +
        '  stop it with heddle down --state-dir /run/state, or choose another directory with --state-dir',
    );
    assert.equal(second.exitCode, exitCodes['already-running']);
    assert.deepEqual(store.content(), content);
    assert.deepEqual(await done(host), []);
    assert.equal((await runOn(host, 'status')).exitCode, 0, 'the first one still answers');
    assert.equal((await first.stop()).exitCode, 0);
  });
});

describe('a daemon', options, () => {
  for (const format of ['text', 'json']) {
    test(`lives on when nobody reads its log any more (${format})`, async (t) => {
      const { host, store } = await oneHost(t);
      const words = upCommand([...argumentsOf(store), '--log-format', format]);
      const piped = host.run(['sh', '-c', '{ "$@"; echo "ended with $?" >&2; } | head -n 1', 'sh', ...words]);
      await host.until('grep -q post-startup /run/state/did');
      store.put(peer, peerIp);
      await host.until('grep -q add /run/state/did');
      assert.equal((await runOn(host, 'down')).exitCode, 0);
      assert.equal((await piped).stderr, 'ended with 0');
      assert.deepEqual((await done(host)).slice(-2), [`remove ${peer} ${peerIp}`, 'shutdown']);
    });
  }

  test('ends although somebody holds a connection to it and says nothing', async (t) => {
    const { host, store } = await oneHost(t);
    const daemon = await startDaemon(host, argumentsOf(store));
    const script = `
      const socket = net.connect('/run/state/heddle.sock', () => fs.writeFileSync('/run/connected', ''));
      socket.on('close', () => process.exit(0));`;
    const stranger = host.run([process.execPath, '-e', script]);
    await host.until('[ -e /run/connected ]');
    assert.equal((await daemon.stop()).exitCode, 0);
    assert.equal((await stranger).exitCode, 0);
  });

  test('without space for what it must remember brings nothing up', async (t) => {
    const { host, store } = await oneHost(t);
    await host.sh(
      'mkdir /run/small; mount -t tmpfs -o size=8k,mode=700 tmpfs /run/small; head -c 64k /dev/zero >/run/small/fill || true',
    );
    const ran = await host.run(upCommand(argumentsOf(store), '/run/small'));
    assert.equal(
      ran.stderr,
      'heddle: /run/small/heddle.pid cannot be written: no space left on device\n' +
        '  check the permissions and the free space of its directory, or give another one with --state-dir',
    );
    assert.equal(ran.exitCode, exitCodes['state-directory']);
    assert.deepEqual(store.subnets(), []);
  });

  for (const [what, lines, message] of [
    [
      'torn in the middle',
      '{"gone":"x"}\\n{"ad\\n{"gone":"y"}\\n',
      /^heddle: the journal \/run\/state\/journal is damaged: its line 2 is not JSON\n {2}restore the file, or run heddle down --forget --state-dir \/run\/state:/m,
    ],
    [
      'of another program',
      '{"gone":"x"}\\n{"add":{"key":"y"}}\\n',
      /journal is damaged: its line 2 is not an entry of heddle\n/,
    ],
  ] as const) {
    test(`with a journal ${what} does not guess`, async (t) => {
      const { host, store } = await oneHost(t);
      await host.sh(`printf '${lines}' >/run/state/journal`);
      const ran = await host.run(upCommand(argumentsOf(store)));
      assert.match(ran.stderr, message);
      assert.equal(ran.exitCode, exitCodes['state-directory']);
      assert.deepEqual(await done(host), []);
      const forgotten = await runOn(host, 'down', '--forget');
      assert.equal(forgotten.stdout, 'Network forgotten: the kernel was not changed.', forgotten.stderr);
      assert.match(forgotten.stderr, /; the file is kept as \/run\/state\/\.journal-damaged-\S+$/m);
      assert.equal(forgotten.exitCode, 0);
      await startDaemon(host, argumentsOf(store));
    });
  }
});

describe('heddle down', options, () => {
  test('of a running daemon: it is gone when down returns, and a second down finds nothing', async (t) => {
    const { host, store } = await oneHost(t);
    store.put(peer, peerIp);
    const daemon = await startDaemon(host, argumentsOf(store));
    await done(host);
    const down = await runOn(host, 'down', '--json');
    assert.deepEqual(JSON.parse(down.stdout), {
      daemon: 'running',
      removed: 1,
      failed: [],
      left: [],
      shutdown: 'done',
      leaseReleased: false,
      leaseTrouble: null,
    });
    assert.equal(await host.sh('ls /run/state/heddle.sock 2>/dev/null || true'), '');
    assert.deepEqual(await done(host), [`remove ${peer} ${peerIp}`, 'shutdown']);
    assert.equal((await daemon.ended).exitCode, 0);
    const again = await runOn(host, 'down');
    assert.deepEqual(
      [again.stdout, again.exitCode],
      ['Nothing to take down: the state directory /run/state does not have a network.', 0],
    );
    assert.deepEqual(await done(host), []);
  });

  test('of a dead daemon: from its journal, with the recipe that it was brought up with', async (t) => {
    const { host, store } = await oneHost(t);
    store.put(peer, peerIp);
    const daemon = await startDaemon(host, [...argumentsOf(store), '--node-name', 'weaver']);
    await daemon.kill();
    await done(host);
    // What is in the store and in the recipe now has no say.
    store.remove(peer);
    argumentsOf(store, { SubnetRemoveCommand: 'echo wrong >>did' });
    const down = await runOn(host, 'down', '--release-lease');
    assert.equal(
      down.stdout,
      'Network down: 1 peer removed, lease released (from the journal of a dead daemon).',
    );
    assert.deepEqual([down.stderr, down.exitCode], ['', 0]);
    assert.deepEqual(await done(host), [`remove ${peer} ${peerIp}`, 'shutdown']);
    assert.deepEqual(store.subnets(), []);
    assert.equal(await host.sh('ls /run/subnet.env 2>/dev/null || true'), '');
    const again = await runOn(host, 'down', '--json');
    assert.equal((JSON.parse(again.stdout) as { daemon: string }).daemon, 'none');
  });

  test('of a daemon that dies while it is being asked: from its journal', async (t) => {
    const { host, store } = await oneHost(t);
    const hanging = {
      ...scribe,
      ShutdownCommand: 'echo shutdown >>did; [ -e go ] || { touch go; exec sleep 86393; }',
    };
    const daemon = await startDaemon(host, argumentsOf(store, hanging));
    await done(host);
    const down = runOn(host, 'down');
    await host.until('[ -e /run/state/go ]');
    await daemon.kill();
    const { exitCode, stdout, stderr } = await down;
    assert.equal(stdout, 'Network down: 0 peers removed (from the journal of a dead daemon).', stderr);
    assert.equal(exitCode, 0);
    assert.deepEqual(await done(host), ['shutdown', 'shutdown']);
  });

  test('of a dead daemon, twice at once and with an up in the midst: each command is run once', async (t) => {
    const { host, store } = await oneHost(t);
    const slow = {
      ...scribe,
      SubnetRemoveCommand: `${scribe.SubnetRemoveCommand}; until [ -e go ]; do sleep 0.01; done`,
    };
    store.put(peer, peerIp);
    const daemon = await startDaemon(host, argumentsOf(store, slow));
    await daemon.kill();
    await done(host);
    const downs = [runOn(host, 'down')];
    await host.until('grep -q remove /run/state/did');
    downs.push(runOn(host, 'down'));
    const up = await host.run(upCommand(argumentsOf(store, slow)));
    assert.equal(up.exitCode, exitCodes['already-running'], up.stderr);
    assert.equal((await runOn(host, 'status')).exitCode, exitCodes['not-running']);
    await host.sh('touch /run/state/go');
    for (const down of await Promise.all(downs)) {
      assert.equal(
        down.stdout,
        'Network down: 1 peer removed (from the journal of a dead daemon).',
        down.stderr,
      );
    }
    assert.deepEqual(await done(host), [`remove ${peer} ${peerIp}`, 'shutdown']);
  });

  test('of a takeover that was told to stop before it was up: the whole network goes', async (t) => {
    const { host, store } = await oneHost(t);
    store.put(peer, peerIp);
    const first = await startDaemon(host, argumentsOf(store));
    await first.kill();
    await done(host);
    const slow = { ...scribe, PreStartupCommand: 'echo pre-startup >>did; exec sleep 86392' };
    const second = new Daemon(host, argumentsOf(store, slow));
    await second.until('state', ({ to }) => to === 'pre-startup');
    await host.until('grep -q pre-startup /run/state/did');
    const down = await runOn(host, 'down');
    assert.match(down.stdout, /^Network down: 1 peer removed /, down.stderr);
    assert.equal((await second.ended).exitCode, 0);
    assert.deepEqual(await done(host), ['pre-startup', `remove ${peer} ${peerIp}`, 'shutdown']);
  });
});

describe('a restart', options, () => {
  test('after --on-exit leave: the same lease, and each doubtful peer is added again, without a CheckCommand', async (t) => {
    const { host, store } = await oneHost(t);
    store.put(peer, peerIp);
    const first = await startDaemon(host, [...argumentsOf(store), '--on-exit', 'leave']);
    const subnet = ownSubnet(host, store);
    await done(host);
    assert.equal((await first.stop()).exitCode, 0);
    assert.deepEqual(await done(host), [], 'nothing was run');
    assert.match(await host.sh('cat /run/subnet.env'), /FLANNEL_SUBNET/);

    const second = await startDaemon(host, argumentsOf(store));
    assert.equal(second.all('lease-acquired')[0]?.how, 'reused');
    assert.equal(ownSubnet(host, store), subnet);
    assert.deepEqual(await done(host), [
      'pre-startup',
      'post-startup',
      `remove ${peer} ${peerIp}`,
      `add ${peer} ${peerIp}`,
    ]);
    await second.stop();
  });

  test('with a CheckCommand runs only what differs, and removes who went meanwhile', async (t) => {
    const { host, store } = await oneHost(t);
    const checked = {
      ...scribe,
      SubnetAddCommand: 'echo add $SUBNET >>did; touch at-$SUBNET_IP',
      SubnetRemoveCommand: 'echo remove $SUBNET >>did; rm -f at-$SUBNET_IP',
      CheckCommand: 'for each in at-*; do [ -e "$each" ] && echo "${each#at-}/24"; done; true',
    };
    for (const number of [97, 98, 99]) store.put(`10.50.1${number}.0/24`, `172.30.1.${number}`);
    const first = await startDaemon(host, argumentsOf(store, checked));
    await first.kill();
    await done(host);
    await host.sh('rm /run/state/at-10.50.198.0');
    store.remove('10.50.197.0/24');
    store.put('10.50.196.0/24', '172.30.1.96');
    const second = await startDaemon(host, argumentsOf(store, checked));
    const [before, after, ...changes] = await done(host);
    assert.deepEqual([before, after], ['pre-startup', 'post-startup']);
    assert.deepEqual([...changes].sort(), [
      'add 10.50.196.0/24',
      'add 10.50.198.0/24',
      'remove 10.50.197.0/24',
    ]);
    await second.stop();
  });

  test('with another subnet file and no lease asks for the subnet of the file', async (t) => {
    const { host, store } = await oneHost(t);
    await host.sh(
      'printf "FLANNEL_NETWORK=10.50.0.0/16\\nFLANNEL_SUBNET=10.50.123.1/24\\nFLANNEL_MTU=1450\\n" >/run/subnet.env',
    );
    const daemon = await startDaemon(host, argumentsOf(store));
    assert.deepEqual(store.subnets(), ['10.50.123.0/24']);
    await daemon.stop();
  });

  test('with a parameter changed takes the old network down with the old values first', async (t) => {
    const { host, store } = await oneHost(t);
    const named = {
      Parameters: { Colour: { Type: 'string', Default: 'undyed' } },
      PreStartupCommand: 'echo up $COLOUR >>did',
      SubnetAddCommand: 'echo add $COLOUR >>did',
      SubnetRemoveCommand: 'echo remove $COLOUR >>did',
      ShutdownCommand: 'echo down $COLOUR >>did',
    };
    store.put(peer, peerIp);
    const first = await startDaemon(host, [...argumentsOf(store, named), '--param', 'Colour=red']);
    await first.kill();
    const second = await startDaemon(host, [...argumentsOf(store, named), '--param', 'Colour=blue']);
    assert.match(
      second.all('warning')[0]?.message ?? '',
      /^the network of \S+scribe\.json is still up; heddle first takes it down$/,
    );
    assert.deepEqual(await done(host), [
      'up red',
      'add red',
      'remove red',
      'down red',
      'up blue',
      'add blue',
    ]);
    await second.stop();
  });
});

describe('the lease', options, () => {
  test('is renewed without running anything, here or at a peer', async (t) => {
    const { host, store } = await oneHost(t);
    const foreign = (revision: string): void =>
      store.put(peer, peerIp, { Expiration: '2999-01-01T00:00:00Z', Revision: revision });
    foreign('a');
    const daemon = await startDaemon(host, [...argumentsOf(store), '--lease-ttl', '3']);
    const subnet = ownSubnet(host, store);
    const before = expiryOf(subnet, store);
    await done(host);
    foreign('b');
    await daemon.until('lease-renewed');
    assert.ok(expiryOf(subnet, store) > before);
    // What comes after it was seen has passed the renewals.
    store.put('10.50.198.0/24', '172.30.1.98');
    await daemon.until('peer-added');
    assert.deepEqual(await done(host), ['add 10.50.198.0/24 172.30.1.98']);
    await daemon.stop();
  });

  test('that somebody deletes is taken again, and the data plane is not touched', async (t) => {
    const { host, store } = await oneHost(t);
    store.put(peer, peerIp);
    const daemon = await startDaemon(host, argumentsOf(store));
    const subnet = ownSubnet(host, store);
    await done(host);
    store.remove(subnet);
    const lost = await daemon.until('lease-lost');
    assert.equal(lost.msg, `lease ${subnet} lost: it had expired or been deleted; taken again`);
    await daemon.until('lease-renewed');
    assert.equal(ownSubnet(host, store), subnet);
    assert.deepEqual(await done(host), []);
    assert.equal((await runOn(host, 'status')).exitCode, 0);
    await daemon.stop();
  });

  test('that another node has now is given up: the network is built again with another one', async (t) => {
    const { host, store } = await oneHost(t);
    store.put(peer, peerIp);
    const daemon = await startDaemon(host, argumentsOf(store));
    const subnet = ownSubnet(host, store);
    await done(host);
    store.put(subnet, '172.30.1.42');
    const lost = await daemon.until('lease-lost');
    assert.match(lost.msg, /lost: another node holds it now: /);
    await daemon.until('ready');
    assert.notEqual(ownSubnet(host, store), subnet);
    const [removed, shutdown, ...rest] = await done(host);
    assert.deepEqual([removed, shutdown], [`remove ${peer} ${peerIp}`, 'shutdown']);
    assert.deepEqual(rest.slice(0, 2), ['pre-startup', 'post-startup']);
    assert.deepEqual(rest.slice(2).sort(), [`add ${subnet} 172.30.1.42`, `add ${peer} ${peerIp}`].sort());
    await daemon.stop();
  });

  test('a store that goes away and comes back is waited for', async (t) => {
    const { host, store } = await oneHost(t);
    store.put(peer, peerIp);
    const daemon = await startDaemon(host, argumentsOf(store));
    await done(host);
    await host.sh(`mv ${store.path} ${store.path}.away`);
    await daemon.until('store-outage');
    // The data plane is well, and so the exit code says so.
    const status = await runOn(host, 'status');
    assert.equal(status.exitCode, 0);
    assert.match(status.stdout, /^state {5}running$/m);
    assert.match(status.stdout, /^store {5}away since \S+Z: cannot .*; next try in \S+ m?s$/m);
    const outage = async (): Promise<NodeStatus['storeOutage']> =>
      (JSON.parse((await runOn(host, 'status', '--json')).stdout) as NodeStatus).storeOutage;
    assert.match((await outage())?.because ?? '', /the directory does not exist/);

    await host.sh(`mv ${store.path}.away ${store.path}`);
    store.put('10.50.198.0/24', '172.30.1.98');
    await daemon.until('store-back');
    assert.equal(await outage(), null);
    await daemon.logged('peer-added', (event) => event.peer.subnet === '10.50.198.0/24');
    assert.deepEqual(await done(host), ['add 10.50.198.0/24 172.30.1.98']);
    await daemon.stop();
  });
});

describe('what people and programs are told', options, () => {
  test('the log as text: one line an event, and what a command printed below it', async (t) => {
    const { host, store } = await oneHost(t);
    store.put(peer, peerIp, { BackendData: 'two words' });
    const noisy = { ...scribe, PostStartupCommand: 'echo weaving >&2; echo on >&2' };
    const wait = 'until [ -e /run/subnet.env ]; do sleep 0.01; done; kill -TERM $$';
    const ran = await host.run([
      'sh',
      '-c',
      `(${wait}) & exec "$@"`,
      'sh',
      ...upCommand(argumentsOf(store, noisy)),
    ]);
    assert.equal(ran.exitCode, 0, ran.stderr);
    const lines = ran.stdout.split('\n').map((line) => line.replace(/^\S+Z /, '').replace(/ in \d+ ms/, ''));
    const subnet = ownSubnet(host, store);
    const until = expiryOf(subnet, store);
    assert.match(lines.shift() ?? '', /^info {2}heddle \d+\.\d+\.\d+, process \d+: --store=files /);
    const expected = [
      `info  network 10.50.0.0/16, type extension, from files in ${store.path}`,
      'info  underlay interface eth0, MTU 1500, public address 172.30.1.1: --iface names it',
      'info  starting → pre-startup',
      'info  PreStartupCommand done',
      'info  pre-startup → leasing',
      `info  lease ${subnet} created for 172.30.1.1, until ${until}`,
      'info  leasing → post-startup',
      'info  PostStartupCommand done',
      '    weaving',
      '    on',
      'warn  lease 10.50.199.0-24 rejected: its backend data "two words" does not match the Pattern of a recipe without one, /^[A-Za-z0-9+/][A-Za-z0-9+/=:._,@-]*$/',
      'info  store lists 0 peers, 1 rejected',
      `info  ready: subnet ${subnet}, MTU 1500, 0 peers in place, wrote /run/subnet.env`,
      'info  post-startup → running',
      'info  stopping, asked by SIGTERM',
      'info  running → stopping',
      'info  ShutdownCommand done',
      'info  network taken down, 0 peers removed',
      'info  stopping → stopped',
    ];
    // The signal may come before the daemon has said that it is ready.
    const early = (line: string): boolean =>
      /ready: |post-startup → running|(running|post-startup) → stopping/.test(line);
    assert.deepEqual(
      lines.filter((line) => !early(line)),
      expected.filter((line) => !early(line)),
    );
    for (const line of ran.stdout.split('\n'))
      assert.match(line, /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (info |warn |error) | {4})\S/);
  });

  test('what is odd but not wrong: once at the start, with its place, of the recipe and of the store', async (t) => {
    const { host, store } = await oneHost(t);
    const odd = { Network: '10.50.0.0/16', IPv6Network: 'fd00:50::/48' };
    const backend = { Type: 'extension', ...scribe };
    const recipe = store.recipe('odd', { ...odd, Backend: backend });
    const of = async (daemon: Daemon): Promise<readonly string[]> => {
      await daemon.stop();
      return daemon.all('finding').map(({ msg }) => msg);
    };
    const finding = (file: string): string =>
      `${file}:3:18 unused-key: \`IPv6Network\` has no effect: \`EnableIPv6\` is not true`;
    const first = await startDaemon(host, ['--recipe', recipe, '--store-dir', store.path]);
    assert.deepEqual(await of(first), [finding(recipe)], 'also once it stands in the store as well');

    const [found = '', ...more] = await of(await startDaemon(host, argumentsOf(store, backend)));
    const where = found.indexOf(':3:3');
    assert.deepEqual([found.slice(where), more], [finding('').replace(':3:18', ':3:3'), []]);
    assert.match(found, new RegExp(`^${store.path}`));
  });

  test('the log as json: each line an object with its event, level, time and sentence', async (t) => {
    const { host, store } = await oneHost(t);
    const daemon = await startDaemon(host, argumentsOf(store));
    const { stdout } = await daemon.stop();
    const [, ...lines] = stdout.split('\n');
    for (const line of lines) {
      const { event, level, time, msg } = JSON.parse(line) as Record<string, unknown>;
      assert.ok(typeof event === 'string' && typeof msg === 'string');
      assert.ok(level === 'info' || level === 'warn' || level === 'error');
      assert.match(String(time), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    }
    assert.equal(lines.length, daemon.events.length);
  });

  test('heddle status and leases, for people and as JSON', async (t) => {
    const { host, store } = await oneHost(t);
    store.put(peer, peerIp, { BackendData: 'weft' });
    store.put('10.50.198.0/24', '172.30.1.98', { BackendType: '' });
    const args = argumentsOf(store);
    const daemon = await startDaemon(host, [...args, '--node-name', 'weaver']);
    const subnet = ownSubnet(host, store);
    store.putText('10.50.197.0/24', '{');
    await daemon.until('lease-rejected');

    const text = (await runOn(host, 'status')).stdout;
    assert.match(text, /^node +weaver, heddle \d+\.\d+\.\d+, process \d+, since \S+Z$/m);
    assert.match(text, /^state +running$/m);
    assert.match(text, new RegExp(`^recipe +scribe, type extension, ${args[1] ?? ''}$`, 'm'));
    assert.match(text, new RegExp(`^network +10\\.50\\.0\\.0/16, files in ${store.path}$`, 'm'));
    assert.match(text, new RegExp(`^lease +${subnet} for 172\\.30\\.1\\.1, expires in 24 h$`, 'm'));
    assert.match(text, /^underlay +eth0, overlay MTU 1500$/m);
    assert.match(text, /^peers +1 of 1 in place, 1 rejected$/m);

    const status = JSON.parse((await runOn(host, 'status', '--json')).stdout) as NodeStatus;
    assert.equal(status.state, 'running');
    assert.equal(status.because, null);
    assert.equal(status.node, 'weaver');
    assert.deepEqual(status.recipe, { name: 'scribe', file: args[1], type: 'extension' });
    assert.equal(status.lease?.subnet, subnet);
    assert.equal(status.lease.publicIp, host.publicIp);
    assert.deepEqual(status.counts, {
      wanted: 1,
      inPlace: 1,
      pending: 0,
      failing: 0,
      ignored: 0,
      rejected: 1,
      unreachable: 0,
    });
    assert.deepEqual(
      status.peers.map(({ subnet: of, publicIp, state }) => [of, publicIp, state]),
      [[peer, peerIp, 'in-place']],
    );

    const leases = await runOn(host, 'leases', '--store-dir', store.path);
    const [header, ...rows] = leases.stdout.split('\n').map((line) => line.split(/ {2,}/));
    assert.deepEqual(header, ['SUBNET', 'PUBLIC IP', 'TYPE', 'DATA', 'EXPIRES', 'HERE']);
    assert.deepEqual(
      rows.find(([of]) => of === peer),
      [peer, peerIp, 'extension', '"weft"', 'reserved', 'in place'],
    );
    const own = rows.find(([of]) => of === subnet);
    assert.deepEqual(own?.slice(0, 3), [subnet, host.publicIp, 'extension']);
    assert.equal(own.at(-1), 'this node');
    assert.match(leases.stdout, /not a peer: it is a reservation/);
    assert.equal(rows.at(-1)?.[0], '3 leases');
    assert.match(leases.stderr, /10\.50\.197\.0-24/);
    const listed = JSON.parse((await runOn(host, 'leases', '--json', '--store-dir', store.path)).stdout) as {
      readonly subnet: string;
    }[];
    assert.deepEqual(
      listed.find((lease) => lease.subnet === peer),
      {
        subnet: peer,
        publicIp: peerIp,
        publicIpv6: null,
        backendType: 'extension',
        backendData: 'weft',
        backendV6Data: null,
        expiresAt: null,
        reservation: true,
        here: { state: 'in-place', because: null },
      },
    );
    await daemon.stop();
    const alone = await runOn(host, 'leases', '--store-dir', store.path);
    assert.match(alone.stdout, /EXPIRES\n/);
    assert.equal((await runOn(host, 'status')).exitCode, exitCodes['not-running']);
  });
});
