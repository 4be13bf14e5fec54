import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runOn, startDaemon, upCommand } from './harness/daemon.ts';
import type { Host } from './harness/host.ts';
import { heddle } from './lab-harness.ts';
import { reasonToSkip } from './harness/needs.ts';
import { oneHost } from './harness/one-host.ts';

const options = { skip: reasonToSkip() };

/** Writes down all that a command was given, under the command's name. */
function dump(name: string): string {
  return `{ env -0; printf 'stdin='; cat; printf '\\0cwd=%s\\0umask=%s\\0' "$(pwd)" "$(umask)"; } >${name}.given; mv ${name}.given ${name}`;
}

const recipe = {
  Network: '10.50.0.0/16',
  EnableIPv6: true,
  IPv6Network: 'fd00:50::/48',
  Backend: {
    Type: 'woven',
    Overhead: 50,
    Parameters: {
      DirectRouting: { Type: 'boolean', Default: false },
      WarpCount: { Type: 'integer', Default: 12 },
      PSK: { Type: 'string', Default: '', Secret: true },
      MTU: { Type: 'integer' },
    },
    DirectRouting: true,
    BackendData: { Format: 'json', Fields: { VtepMAC: '[0-9a-f:]{17}', VNI: '[0-9]+', Note: '[a-z]*' } },
    PreStartupCommand: [
      dump('PreStartup'),
      'echo {\\"VtepMAC\\":\\"02:00:00:00:00:04\\", \\"VNI\\":7}',
      'echo {\\"VNI\\":8, \\"VtepMAC\\":\\"02:00:00:00:00:06\\"}',
    ],
    PostStartupCommand: dump('PostStartup'),
    SubnetAddCommand: [dump('SubnetAdd'), 'echo "$SUBNET" >peers'],
    SubnetRemoveCommand: [dump('SubnetRemove'), 'rm peers'],
    ShutdownCommand: dump('Shutdown'),
    CheckCommand: [dump('Check'), 'cat peers 2>/dev/null || true'],
    MonitorCommand: [dump('Monitor'), 'echo look', 'exec sleep 86396'],
  },
};

/** What the shell sets itself. */
const ofTheShell = ['PWD', 'OLDPWD', 'SHLVL', '_'];

async function givenTo(host: Host, name: string): Promise<Readonly<Record<string, string>>> {
  const text = await host.sh(`until [ -e /run/state/${name} ]; do sleep 0.01; done; cat /run/state/${name}`);
  const pairs = text
    .split('\0')
    .filter((entry) => entry !== '')
    .map((entry): [string, string] => [
      entry.slice(0, entry.indexOf('=')),
      entry.slice(entry.indexOf('=') + 1),
    ]);
  return Object.fromEntries(pairs.filter(([key]) => !ofTheShell.includes(key)));
}

const everyCommand = {
  PATH: process.env['PATH'],
  HARMLESS: 'kept',
  NETWORK: '10.50.0.0/16',
  IPV6_NETWORK: 'fd00:50::/48',
  LOCAL_PUBLIC_IP: '172.30.1.1',
  LOCAL_PUBLIC_IPV6: 'fd00:99:1::1',
  IFACE: 'eth0',
  IFACE_MTU: '1500',
  MTU: '1350',
  NODE_NAME: 'weaver',
  STATE_DIR: '/run/state',
  DIRECT_ROUTING: 'true',
  WARP_COUNT: '40',
  PSK: 'swordfish',
  cwd: '/run/state',
  umask: '0077',
};
const localSubnets = {
  LOCAL_SUBNET: '10.50.7.0/24',
  LOCAL_SUBNET_IP: '10.50.7.0',
  LOCAL_SUBNET_LEN: '24',
  LOCAL_IPV6SUBNET: 'fd00:50:0:7::/64',
  LOCAL_IPV6SUBNET_IP: 'fd00:50:0:7::',
  LOCAL_IPV6SUBNET_LEN: '64',
};
const beforeLease = {
  ...everyCommand,
  PUBLIC_IP: '172.30.1.1',
  PUBLIC_IPV6: 'fd00:99:1::1',
  stdin: '',
};
const aboutThisNode = {
  ...beforeLease,
  ...localSubnets,
  SUBNET: '10.50.7.0/24',
  SUBNET_IP: '10.50.7.0',
  SUBNET_LEN: '24',
  IPV6SUBNET: 'fd00:50:0:7::/64',
  IPV6SUBNET_IP: 'fd00:50:0:7::',
  IPV6SUBNET_LEN: '64',
};
const aboutPeer = {
  ...everyCommand,
  ...localSubnets,
  PUBLIC_IP: '172.30.1.99',
  PUBLIC_IPV6: 'fd00:99:1::99',
  SUBNET: '10.50.99.0/24',
  SUBNET_IP: '10.50.99.0',
  SUBNET_LEN: '24',
  IPV6SUBNET: 'fd00:50:0:99::/64',
  IPV6SUBNET_IP: 'fd00:50:0:99::',
  IPV6SUBNET_LEN: '64',
  DATA_VTEP_MAC: '02:00:00:00:00:99',
  DATA_VNI: '7',
  DATA_NOTE: '',
  DATA6_VTEP_MAC: '02:00:00:00:06:99',
  DATA6_VNI: '8',
  DATA6_NOTE: 'weft',
  stdin: '{"VtepMAC":"02:00:00:00:00:99","VNI":7}\n{"VtepMAC":"02:00:00:00:06:99","VNI":"8","Note":"weft"}\n',
};

/** What `heddle up` itself has, and no command is to have. */
const notInherited = {
  AWS_SECRET_ACCESS_KEY: 'swordfish-1',
  HEDDLE_STORE: 'files',
  FLANNELD_ETCD_PASSWORD: 'swordfish-2',
  ETCDCTL_USER: 'root:swordfish-3',
  SOME_TOKEN: 'swordfish-4',
  HEDDLE_STORE_DIR: '/nowhere',
  NOTIFY_SOCKET: '/nowhere',
  // Contract variables that a careless unit file sets: no command may take them for the contract's.
  SUBNET: '192.0.2.0/24',
  LOCAL_SUBNET: '192.0.2.0/24',
  IPV6SUBNET_IP: '2001:db8::',
  DATA_VTEP_MAC: '02:ff:ff:ff:ff:ff',
  DATA6_NOTE: 'stale',
  PUBLIC_IP: '192.0.2.1',
};

test('each command is given what the contract says, and nothing else', options, async (t) => {
  const { host, store } = await oneHost(t);
  store.putText(
    '10.50.7.0/24&fd00:50:0:7::/64',
    JSON.stringify({ PublicIP: host.publicIp, PublicIPv6: host.publicIpv6, BackendType: 'woven' }),
  );
  const args = [
    '--recipe',
    store.recipe('woven', recipe),
    '--store-dir',
    store.path,
    '--node-name',
    'weaver',
  ];
  const parameters = ['--param', 'WarpCount=40', '--param', 'PSK=swordfish', '--param', 'MTU=1400'];
  const daemon = await startDaemon(host, [...args, ...parameters], {
    environment: { ...notInherited, HARMLESS: 'kept' },
  });
  assert.deepEqual(await givenTo(host, 'PreStartup'), beforeLease);
  for (const name of ['PostStartup', 'Monitor', 'Check']) {
    assert.deepEqual(await givenTo(host, name), aboutThisNode, name);
  }

  const peer = '10.50.99.0/24&fd00:50:0:99::/64';
  store.putText(
    peer,
    JSON.stringify({
      PublicIP: '172.30.1.99',
      PublicIPv6: 'fd00:99:1:0::99',
      BackendType: 'woven',
      BackendData: { Undeclared: '$(reboot)', VNI: 7, VtepMAC: '02:00:00:00:00:99' },
      BackendV6Data: { VtepMAC: '02:00:00:00:06:99', Note: 'weft', VNI: '8' },
    }),
  );
  await daemon.until('peer-added');
  assert.deepEqual(await givenTo(host, 'SubnetAdd'), aboutPeer);
  store.remove(peer);
  await daemon.until('peer-removed');
  assert.deepEqual(await givenTo(host, 'SubnetRemove'), aboutPeer);

  assert.equal((await daemon.stop()).exitCode, 0, daemon.describe());
  assert.deepEqual(await givenTo(host, 'Shutdown'), aboutThisNode);
  const modes = await host.sh('stat -c %a /run/state /run/state/Shutdown');
  assert.equal(modes, '700\n600');
  const { BackendData, BackendV6Data } = store.read('10.50.7.0/24&fd00:50:0:7::/64');
  assert.deepEqual(BackendData, { VtepMAC: '02:00:00:00:00:04', VNI: 7 });
  assert.deepEqual(BackendV6Data, { VNI: 8, VtepMAC: '02:00:00:00:00:06' });
});

test(
  'text data reaches a command by stdin alone, and a secret parameter nobody’s log',
  options,
  async (t) => {
    const { host, store } = await oneHost(t);
    const path = store.recipe('plain', {
      Network: '10.50.0.0/16',
      Backend: {
        Type: 'extension',
        Parameters: { PSK: { Type: 'string', Secret: true } },
        PreStartupCommand: 'echo key $PSK >&2; echo AbC+/=',
        SubnetAddCommand: `${dump('SubnetAdd')}; echo "failed with $PSK" >&2; exit 3`,
      },
    });
    store.put('10.50.99.0/24', '172.30.1.99', { BackendData: 'weft:+/=.,@-' });
    const daemon = await startDaemon(host, [
      '--recipe',
      path,
      '--store-dir',
      store.path,
      '--param',
      'PSK=swordfish',
    ]);
    const given = await givenTo(host, 'SubnetAdd');
    assert.equal(given['stdin'], 'weft:+/=.,@-\n');
    assert.equal(given['PSK'], 'swordfish');
    assert.deepEqual(
      Object.keys(given).filter((name) => name.startsWith('DATA') || name.includes('IPV6')),
      [],
    );
    const { trouble } = await daemon.logged('peer-failed');
    assert.match(trouble.stderr, /^failed with \S*secret\S*$/);
    await daemon.kill();
    assert.doesNotMatch((await daemon.ended).stdout + (await daemon.ended).stderr, /swordfish/);
  },
);

test(
  'secrets: the daemon’s own reach no command, a parameter’s nobody but commands, by their environment',
  options,
  async (t) => {
    const { host, store } = await oneHost(t);
    const path = store.recipe('secretive', {
      Network: '10.50.0.0/16',
      Backend: {
        Type: 'extension',
        Parameters: { PSK: { Type: 'string', Secret: true }, Plain: { Type: 'string' } },
        PreStartupCommand: [dump('PreStartup'), 'echo "the key is $PSK" >&2', 'printf %s "$PSK" >psk'],
        // Runs for as long as the test looks at it.
        MonitorCommand: 'exec sleep 86395',
        CheckCommand: 'true',
      },
    });
    const secrets = ['swordfish', 'hunter2', 'open sesame', 'xyzzy'];
    const daemon = await startDaemon(
      host,
      ['--recipe', path, '--store-dir', store.path, '--param', 'PSK=swordfish', '--param', 'Plain=tweed'],
      {
        environment: {
          PATH: process.env['PATH'] ?? '',
          HEDDLE_STORE: 'files',
          FLANNELD_ETCD_PASSWORD: 'hunter2',
          HEDDLE_ETCD_PASSWORD_FILE: '/run/xyzzy',
          VAULT_TOKEN: 'open sesame',
        },
      },
    );
    const given = await givenTo(host, 'PreStartup');
    const { PSK: key, ...others } = given;
    assert.equal(key, 'swordfish');
    const holds = (text: string): readonly string[] => secrets.filter((secret) => text.includes(secret));
    assert.deepEqual(holds(JSON.stringify(others)), []);

    // Less those by which this test starts the daemon.
    const processes = (
      await host.lines('for file in /proc/[0-9]*/cmdline; do tr "\\0" " " <$file || true; echo; done')
    )
      .filter((words) => !/^(nsenter|timeout) /.test(words))
      .join('\n');
    assert.match(processes, /--param Plain=tweed/);
    assert.deepEqual(holds(processes), [], 'in no process list');
    const explained = await host.run([
      ...[
        process.execPath,
        heddle,
        'recipe',
        'explain',
        path,
        '--param',
        'PSK=swordfish',
        '--param',
        'Plain=tweed',
      ],
    ]);
    assert.match(explained.stdout, /tweed/, explained.stderr);
    const status = await runOn(host, 'status', '--json');
    const { stdout, stderr } = await daemon.stop();
    assert.match(stdout, /the key is \S*secret/);
    assert.deepEqual(holds(explained.stdout + status.stdout + stdout + stderr), []);
  },
);

test('the state directory and all that is in it are private, whatever the umask', options, async (t) => {
  const { host, store } = await oneHost(t);
  const path = store.recipe('keeper', {
    Network: '10.50.0.0/16',
    Backend: {
      Type: 'extension',
      PreStartupCommand: 'echo secret >key; mkdir -p keys; echo more >keys/one',
      SubnetAddCommand: 'true',
    },
  });
  store.put('10.50.99.0/24', '172.30.1.99');
  const words = upCommand(['--recipe', path, '--store-dir', store.path, '--log-format', 'json']);
  const daemon = host.start(['/bin/sh', '-c', 'umask 0; exec "$@"', 'sh', ...words]);
  await host.sh(
    'until grep -qs 10.50.99.0 /run/state/journal && [ -e /run/subnet.env ]; do sleep 0.01; done',
  );
  const open = await host.lines('find /run/state -perm /077');
  const found = await host.lines('ls /run/state');
  await runOn(host, 'down');
  await daemon;
  assert.deepEqual(open, []);
  assert.deepEqual(found, ['deployment.json', 'heddle.lock', 'heddle.sock', 'journal', 'key', 'keys']);
});
