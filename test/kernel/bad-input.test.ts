import assert from 'node:assert/strict';
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { exitCodes, type FailureKind } from '../../src/diagnostic/failure.ts';
import { heddle } from './lab-harness.ts';
import { startHosts, type HostSet } from './harness/host-set.ts';
import type { Host, CommandEnd } from './harness/host.ts';
import { reasonToSkip } from './harness/needs.ts';
import { StoreDirectory } from './harness/store-directory.ts';
import { tracesOf } from './harness/traces-of.ts';
import { unreadableCheckout } from '../../scripts/test/unprivileged.js';

const options = { skip: reasonToSkip() };
const network = { Network: '10.50.0.0/16' };
const backend = { Type: 'extension', PreStartupCommand: 'ip link add made type bridge' };
const harmless = { ...network, Backend: backend };

let set: HostSet;
let host: Host;
before(async () => {
  if (options.skip !== false) return;
  set = await startHosts([1]);
  const [first] = set.hosts;
  assert.ok(first !== undefined);
  host = first;
});
after(() => set.close());

interface Attempt {
  readonly args: readonly string[];
  /** Shell text that makes the host's namespaces wrong for this one process. */
  readonly prepare?: string;
}

/** Runs `heddle up` on the host; mounts of `prepare` are seen by nobody else. */
function up({ args, prepare = '' }: Attempt): Promise<CommandEnd> {
  const script = `set -e\n${prepare}\nexec "$@"`;
  const words = [
    process.execPath,
    heddle,
    'up',
    '--state-dir',
    '/run/state',
    '--subnet-file',
    '/run/subnet.env',
  ];
  return host.run(['unshare', '--mount', 'sh', '-c', script, 'sh', ...words, ...args]);
}

/** Asserts that it is refused with this text on stderr, whole, and that nothing was started, leased or left. */
async function assertRefused(
  attempt: Attempt,
  store: StoreDirectory,
  kind: FailureKind,
  message: string | RegExp,
): Promise<void> {
  const traces = await tracesOf(host);
  const content = store.content();
  const ran = await up(attempt);
  if (typeof message === 'string') assert.equal(ran.stderr, message);
  else assert.match(ran.stderr, message);
  assert.equal(ran.exitCode, exitCodes[kind], ran.stderr);
  const [beginning, ...rest] = ran.stdout.split('\n');
  assert.match(beginning ?? '', /^$| info {2}heddle \d+\.\d+\.\d+, process /);
  assert.deepEqual(rest, [], 'nothing was logged as if something had begun');
  assert.deepEqual(store.content(), content);
  assert.deepEqual(await tracesOf(host), traces);
}

describe('a recipe that is not right', options, () => {
  /** Refused with one finding, whose frame follows the first line. */
  const refuses = (what: string, name: string, document: object | string, frame: string): void => {
    test(what, async (t) => {
      const store = new StoreDirectory(t);
      const path = store.recipe(name, document);
      const args = ['--recipe', path, '--store-dir', store.path, '--iface', 'eth0'];
      const message = `heddle: ${path} was refused: 1 error\n${path}:${frame}`;
      await assertRefused({ args }, store, 'recipe', message);
    });
  };

  refuses(
    'no JSON',
    'torn',
    '{ "Network": 10.50.0.0/16, "Backend": { "Type": "a" } }',
    '1:14 error[json-syntax]: `10.50.0.0/16` is not a JSON value\n' +
      '  1 | { "Network": 10.50.0.0/16, "Backend": { "Type": "a" } }\n' +
      '    |              ^^^^^^^^^^^^\n' +
      '  hint: put it in double quotes: `"10.50.0.0/16"`',
  );
  refuses(
    'an unknown key, with the nearest one named',
    'unknown',
    { ...network, Backend: { Type: 'extension', PreStartupComand: 'true' } },
    '5:5 error[unknown-key]: `Backend` does not have a key `PreStartupComand`\n' +
      '  5 |     "PreStartupComand": "true"\n' +
      '    |     ^^^^^^^^^^^^^^^^^^\n' +
      '  hint: did you mean `PreStartupCommand`?',
  );
  refuses(
    'a wrong type',
    'typed',
    { ...network, Backend: { Type: 'extension', PreStartupCommand: 7 } },
    '5:26 error[wrong-type]: `Backend.PreStartupCommand` must be a string or an array, not a number\n' +
      '  5 |     "PreStartupCommand": 7\n' +
      '    |                          ^',
  );
  refuses(
    'an empty command',
    'empty',
    { ...network, Backend: { Type: 'extension', ShutdownCommand: ' ' } },
    '5:24 error[empty-command]: `Backend.ShutdownCommand` is empty\n' +
      '  5 |     "ShutdownCommand": " "\n' +
      '    |                        ^^^\n' +
      '  hint: write a command, or remove the key',
  );
  refuses(
    'no Network',
    'nowhere',
    { Backend: { Type: 'extension' } },
    '1:1 error[missing-key]: `Network` is missing\n' +
      '  1 | {\n' +
      '    | ^\n' +
      '  hint: add one, such as `"Network": "10.50.0.0/16"`',
  );
  refuses(
    'a SubnetLen that does not fit',
    'length',
    { ...network, SubnetLen: 17, Backend: { Type: 'extension' } },
    '3:16 error[subnet-length]: `SubnetLen` must be from 18 to 30 in 10.50.0.0/16, which must have room for four subnets\n' +
      '  3 |   "SubnetLen": 17,\n' +
      '    |                ^^',
  );
  refuses(
    'a command that no shell can read',
    'syntax',
    { ...network, Backend: { Type: 'extension', ShutdownCommand: ['true', 'if true; then', 'echo )'] } },
    '8:13 error[shell-syntax]: ShutdownCommand is not valid shell: ")" unexpected (expecting "fi")\n' +
      '  8 |       "echo )"\n' +
      '    |             ^\n' +
      '  hint: add the missing `fi`',
  );

  test('all that is wrong is told at once', async (t) => {
    const store = new StoreDirectory(t);
    const wrong = {
      Typ: 'extension',
      PreStartupCommand: ['touch /run/touched', 'echo "$SUBNET"'],
      ShutdownCommand: 'echo )',
    };
    const path = store.recipe('twice', { Network: '10.50.0.0', Backend: wrong });
    const args = ['--recipe', path, '--store-dir', store.path];
    const codes = ['malformed-address', 'unknown-key', 'unset-variable', 'shell-syntax'];
    const message = new RegExp(
      `was refused: 4 errors\n${codes.map((code) => `[^]*error\\[${code}\\]`).join('')}`,
    );
    await assertRefused({ args }, store, 'recipe', message);
  });

  const hint =
    'give the path of a recipe, or the name of a shipped one: vxlan, host-gw, wireguard, ipsec, ipip, udp, geneve, gre, aws-vpc, gce, ali-vpc, tencent-vpc, alloc';
  const unreadable = (what: string, name: string, why: string): void => {
    test(what, async (t) => {
      const store = new StoreDirectory(t);
      const args = ['--recipe', name, '--store-dir', store.path];
      const message = `heddle: the recipe ${name} cannot be read: ${why}\n  ${hint}`;
      await assertRefused({ args }, store, 'recipe', message);
    });
  };
  unreadable('a file that is not there', '/nowhere/loom.json', 'no such file or directory');
  unreadable('a name that is not a shipped recipe’s', 'vxlam', 'no such file or directory');
  unreadable('a directory', '/proc', 'it is a directory');

  test('a recipe that others could write, as it would be run as root', async (t) => {
    const store = new StoreDirectory(t);
    const path = store.recipe('loom', harmless);
    const args = ['--recipe', path, '--store-dir', store.path];
    for (const open of [path, store.root]) {
      chmodSync(open, 0o777);
      await assertRefused(
        { args },
        store,
        'recipe',
        `heddle: cannot run the recipe ${path} as root: other users can write to ${open} (mode 0777)\n  chmod go-w ${open}`,
      );
      chmodSync(open, 0o700);
    }
  });

  test('a type that is not the store’s', async (t) => {
    const store = new StoreDirectory(t);
    const config = join(store.path, 'config');
    writeFileSync(config, JSON.stringify({ ...network, Backend: { Type: 'host-gw' } }));
    const args = ['--recipe', 'vxlan', '--store-dir', store.path];
    await assertRefused(
      { args },
      store,
      'recipe',
      `heddle: the recipe vxlan is of type "vxlan", but the network in ${config} is of type "host-gw"\n` +
        '  give --recipe a recipe of type "host-gw", or use another store',
    );
  });

  test('a network configuration in the store that is not right', async (t) => {
    const store = new StoreDirectory(t);
    const config = join(store.path, 'config');
    writeFileSync(config, '{ "Network": "10.50.0.0/16", "SubnetLen": 17, "Backend": { "Type": "vxlan" } }');
    const args = ['--recipe', 'vxlan', '--store-dir', store.path];
    const frame = new RegExp(
      `^heddle: ${config} was refused: 1 error\n${config}:1:43 error\\[subnet-length\\]`,
    );
    await assertRefused({ args }, store, 'recipe', frame);
  });
});

describe('a parameter', options, () => {
  const refuses = (what: string, given: readonly string[], message: string): void => {
    test(what, async (t) => {
      const store = new StoreDirectory(t);
      const parameters = given.flatMap((parameter) => ['--param', parameter]);
      const args = ['--recipe', 'vxlan', '--store-dir', store.path, '--iface', 'eth0', ...parameters];
      await assertRefused({ args }, store, 'recipe', `heddle: ${message}`);
    });
  };
  refuses(
    'out of bounds',
    ['VNI=0'],
    'parameter `VNI` from --param must be a whole number from 1 to 16777215, not `0`\n' +
      '  VNI: The VXLAN network identifier; it also names the device',
  );
  refuses(
    'undeclared, with the nearest one named',
    ['Prot=8472'],
    'recipe vxlan does not have the parameter `Prot`, which is set from --param\n  did you mean `Port`?',
  );
  refuses(
    'or several, all at once and each with its own hint',
    ['VNI=', 'Learning=yes'],
    '2 parameters of recipe vxlan were refused\n' +
      '  parameter `VNI` from --param must be a whole number from 1 to 16777215, not an empty string ' +
      '(VNI: The VXLAN network identifier; it also names the device)\n' +
      '  parameter `Learning` from --param must be `true` or `false`, not the string `yes` ' +
      '(Learning: Whether the device learns MAC addresses from packets)',
  );

  test('in the store’s network configuration', async (t) => {
    const store = new StoreDirectory(t);
    const config = { ...network, Backend: { Type: 'vxlan', VNI: 16777216 } };
    writeFileSync(join(store.path, 'config'), JSON.stringify(config));
    const args = ['--recipe', 'vxlan', '--store-dir', store.path];
    const message =
      /^heddle: parameter `VNI` in the store’s network configuration must be .*, not `16777216`\n/;
    await assertRefused({ args }, store, 'recipe', message);
  });
});

describe('a machine that is not right', options, () => {
  const attempt = (store: StoreDirectory, ...args: readonly string[]): Attempt['args'] => [
    ...['--recipe', store.recipe('harmless', harmless), '--store-dir', store.path, '--iface', 'eth0'],
    ...args,
  ];

  test('an interface that does not exist', async (t) => {
    const store = new StoreDirectory(t);
    const args = ['--recipe', 'vxlan', '--store-dir', store.path, '--iface', 'eth7'];
    await assertRefused(
      { args },
      store,
      'interface',
      new RegExp(
        '^heddle: no usable interface was found: the interface eth7 does not exist\n' +
          'The interfaces of this machine:\n' +
          '  eth0: 172\\.30\\.1\\.1, fd00:99:1::1.*\n' +
          '  use --iface to choose an interface that is up and has an address; heddle iface explain shows why each was passed over$',
      ),
    );
  });

  test('an interface that does not exist, before a directory is made', async (t) => {
    const store = new StoreDirectory(t);
    const unmade = join(store.root, 'unmade');
    const directories = ['--store-dir', join(unmade, 'store'), '--state-dir', join(unmade, 'state')];
    const args = ['--recipe', 'vxlan', '--iface', 'eth7', ...directories];
    await assertRefused({ args }, store, 'interface', /the interface eth7 does not exist/);
    assert.equal(existsSync(unmade), false);
  });

  test('an interface that is down', async (t) => {
    const store = new StoreDirectory(t);
    await host.sh('ip link add idle type bridge; ip address add 172.30.8.1/24 dev idle');
    t.after(() => host.sh('ip link delete idle'));
    const args = ['--recipe', 'vxlan', '--store-dir', store.path, '--iface', 'idle'];
    const message = /^heddle: no usable interface was found: interface idle is down\n/;
    await assertRefused({ args }, store, 'interface', message);
  });

  test('an underlay whose MTU leaves less than IPv6 needs', async (t) => {
    const store = new StoreDirectory(t);
    const dualStack = { ...network, EnableIPv6: true, IPv6Network: 'fd00:50::/48' };
    const path = store.recipe('narrow', {
      ...dualStack,
      Backend: { ...backend, Overhead: { IPv4: 50, IPv6: 70 } },
    });
    await host.sh('ip link set eth0 mtu 1280');
    try {
      await assertRefused(
        { args: ['--recipe', path, '--store-dir', store.path, '--iface', 'eth0'] },
        store,
        'interface',
        'heddle: the overlay cannot carry IPv6: the MTU of eth0 is 1280, less 70 bytes of Overhead leaves 1210, and IPv6 needs 1280\n' +
          '  raise the MTU of eth0 to at least 1350, or choose an interface with a larger MTU with --iface, ' +
          'or set EnableIPv6 to false in the network configuration',
      );
    } finally {
      await host.sh('ip link set eth0 mtu 1500');
    }
  });

  test('a public address that is none', async (t) => {
    const store = new StoreDirectory(t);
    const args = attempt(store, '--public-ip', 'fd00:99:1::1');
    const message =
      "heddle: option '--public-ip <address>' argument 'fd00:99:1::1' is invalid. It must be an IPv4 address.";
    await assertRefused({ args }, store, 'usage', message);
  });

  test('a program that Requires names and that is missing', async (t) => {
    const store = new StoreDirectory(t);
    const path = store.recipe('requiring', { ...network, Backend: { ...backend, Requires: ['ip', 'loom'] } });
    const args = ['--recipe', path, '--store-dir', store.path];
    const message = 'heddle: the program loom is not on PATH\n  install it, or correct PATH';
    await assertRefused({ args }, store, 'prerequisite', message);
  });

  test('a program that the commands were seen to call and that is missing, with its package', async (t) => {
    const store = new StoreDirectory(t);
    const bin = join(store.root, 'bin');
    await host.sh(`mkdir ${bin}; for name in sh env awk flock; do ln -s "$(command -v $name)" ${bin}; done`);
    const args = ['--recipe', 'wireguard', '--store-dir', store.path];
    const message = 'heddle: 2 programs are not on PATH: ip, wg\n  apt-get install iproute2 wireguard-tools';
    await assertRefused({ args, prepare: `export PATH=${bin}` }, store, 'prerequisite', message);
  });

  test('a store directory on a read-only mount', async (t) => {
    const store = new StoreDirectory(t);
    const prepare = `mount --bind ${store.path} ${store.path}; mount -o remount,bind,ro ${store.path}`;
    await assertRefused(
      { args: attempt(store), prepare },
      store,
      'store',
      new RegExp(
        `^heddle: cannot use the store directory ${store.path}: the file system is mounted read-only \\(EROFS\\)\n  \\S.*$`,
      ),
    );
  });

  test('a store directory that is a file', async (t) => {
    const store = new StoreDirectory(t);
    const file = store.recipe('file', '{}');
    const args = ['--recipe', 'vxlan', '--store-dir', file, '--iface', 'eth0'];
    const message = new RegExp(`^heddle: cannot use the store directory ${file}: .*is not a directory`);
    await assertRefused({ args }, store, 'store', message);
  });

  const state = 'heddle: the state directory /run/theirs cannot be used:';
  const refusesState = (what: string, make: string, message: string): void => {
    test(what, async (t) => {
      const store = new StoreDirectory(t);
      await host.sh(make);
      t.after(() => host.sh('rm -rf /run/theirs'));
      const args = attempt(store, '--state-dir', '/run/theirs');
      await assertRefused({ args }, store, 'state-directory', `${state} ${message}`);
    });
  };
  refusesState(
    'a state directory owned by someone else',
    'mkdir -m 700 /run/theirs; chown 65534 /run/theirs',
    'it belongs to user 65534, not to user 0\n  if it is the directory of a daemon of that user, run heddle as that user: runuser -u nobody -- heddle …; otherwise give another with --state-dir',
  );
  refusesState(
    'a state directory that other users can write to',
    'mkdir -m 777 /run/theirs',
    'other users can write to it (mode 0777)\n  chmod 700 /run/theirs',
  );
  refusesState(
    'a state directory that is a file',
    'echo >/run/theirs',
    'it, or a part of its path, is not a directory\n  give another with --state-dir',
  );

  test('a state directory whose socket would have too long a path', async (t) => {
    const store = new StoreDirectory(t);
    const path = `/run/${'x'.repeat(100)}`;
    await assertRefused(
      { args: attempt(store, '--state-dir', path) },
      store,
      'state-directory',
      `heddle: the state directory's path is too long: its socket ${path}/heddle.sock has 117 bytes, but the kernel allows 107\n` +
        '  choose a shorter path with --state-dir',
    );
  });

  test('a subnet file where none can be', async (t) => {
    const store = new StoreDirectory(t);
    const file = store.recipe('file', '{}');
    await assertRefused(
      { args: attempt(store, '--subnet-file', `${file}/subnet.env`) },
      store,
      'state-directory',
      `heddle: the subnet file ${file}/subnet.env cannot be written: ${file} is not a directory\n` +
        '  choose another path with --subnet-file',
    );
  });
});

test('a full address pool is refused before PreStartupCommand has made anything', options, async (t) => {
  const store = new StoreDirectory(t);
  const small = { Network: '10.50.0.0/24', SubnetLen: 26, Backend: { Type: 'extension' } };
  writeFileSync(join(store.path, 'config'), JSON.stringify(small));
  store.put('10.50.0.64/26', '172.30.1.64');
  store.put('10.50.0.128/26', '172.30.1.128', { Expiration: '2999-01-01T00:00:00Z' });
  store.putText('10.50.0.192/26', 'not ours to touch');
  const content = store.content();
  const links = await host.sh('ip -o link');
  const path = store.recipe('small', { ...small, Backend: backend });
  const args = ['--recipe', path, '--store-dir', store.path, '--iface', 'eth0'];
  const ran = await up({ args, prepare: 'mount -t tmpfs -o mode=700 tmpfs /run/state' });
  const [message, hint, ...more] = ran.stderr.split('\n');
  assert.equal(
    message,
    `heddle: no free subnet is left in the files in ${store.path}: all 3 of length /26 from 10.50.0.64 to 10.50.0.192 ` +
      'of 10.50.0.0/24 are in use (1 leased, 1 reserved, 1 unreadable)',
  );
  assert.match(hint ?? '', /^ {2}release the leases of nodes that are gone: heddle leases/);
  assert.deepEqual(more, []);
  assert.equal(ran.exitCode, exitCodes['pool-exhausted']);
  assert.deepEqual(store.content(), content);
  assert.equal(await host.sh('ip -o link'), links);
});

describe('asking a daemon', options, () => {
  const ask = (...words: readonly string[]): Promise<CommandEnd> =>
    host.run([process.execPath, heddle, ...words]);
  const stranger = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups', '--'];

  test('that does not run', async () => {
    const ran = await ask('status', '--state-dir', '/run/nowhere');
    assert.equal(
      ran.stderr,
      'heddle: no heddle daemon is running with the state directory /run/nowhere\n' +
        '  start one with heddle up --state-dir /run/nowhere, or give --state-dir the directory that the daemon was started with',
    );
    assert.equal(ran.exitCode, exitCodes['not-running']);
    assert.equal(ran.stdout, '');
  });

  test('of another user', async (t) => {
    const [program, ...rest] = [...stranger, process.execPath, heddle];
    const probe = await host.run([program, ...rest, '--version']);
    if (probe.exitCode !== 0) {
      t.skip(unreadableCheckout);
      return;
    }
    for (const verb of ['status', 'down']) {
      const ran = await host.run([program, ...rest, verb, '--state-dir', '/run/state']);
      assert.equal(
        ran.stderr,
        'heddle: permission denied: only its own user can reach the daemon with the state directory /run/state\n' +
          '  run this as the user of heddle up, usually root',
      );
      assert.equal(ran.exitCode, exitCodes.privilege);
    }
  });

  test('to go down where none ever was', async () => {
    const ran = await ask('down', '--state-dir', '/run/nowhere');
    assert.equal(
      ran.stdout,
      'Nothing to take down: the state directory /run/nowhere does not have a network.',
    );
    assert.equal(ran.exitCode, 0);
    const json = await ask('down', '--json', '--state-dir', '/run/nowhere');
    assert.equal((JSON.parse(json.stdout) as { daemon: string }).daemon, 'none');
  });

  test('to go down from a deployment that is damaged', async (t) => {
    await host.sh('mkdir -m 700 /run/damaged; echo { >/run/damaged/deployment.json');
    t.after(() => host.sh('rm -r /run/damaged'));
    const ran = await ask('down', '--state-dir', '/run/damaged');
    assert.match(
      ran.stderr,
      /^heddle: \/run\/damaged\/deployment\.json is damaged: .*\n {2}restore the file, or run heddle down --forget --state-dir \/run\/damaged: it keeps the file under another name and forgets the network; the kernel is not changed$/,
    );
    assert.equal(ran.exitCode, exitCodes['state-directory']);
  });

  test('for the leases of a store that is not there', async () => {
    const ran = await ask('leases', '--store-dir', '/run/nowhere');
    assert.match(ran.stderr, /^heddle: the directory \/run\/nowhere does not contain a store\n/);
    assert.equal(ran.exitCode, exitCodes.store);
  });
});
