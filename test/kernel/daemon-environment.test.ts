import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startDaemon } from './harness/daemon.ts';
import { dump, givenTo } from './harness/given.ts';
import { reasonToSkip } from './harness/needs.ts';
import { oneHost } from './harness/one-host.ts';

const options = { skip: reasonToSkip() };

const recipe = {
  Network: '10.50.0.0/16',
  EnableIPv6: true,
  IPv6Network: 'fd00:50::/48',
  Backend: {
    Environment: ['HARMLESS'],
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

const everyCommand = {
  PATH: process.env['PATH'],
  HARMLESS: 'kept',
  CLOUD_KEY: 'kept too',
  TZ: 'UTC',
  NETWORK: '10.50.0.0/16',
  IPV6_NETWORK: 'fd00:50::/48',
  LOCAL_PUBLIC_IP: '172.30.1.1',
  LOCAL_PUBLIC_IPV6: 'fd00:99:1::1',
  LOCAL_ADDRESS: '172.30.1.1',
  LOCAL_ADDRESS_V6: 'fd00:99:1::1',
  IFACE: 'eth0',
  IFACE_MTU: '1500',
  MTU: '1350',
  MTU_V6: '1350',
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
  LOCAL_SUBNET_NUMBER: '171050752',
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
  SUBNET_NUMBER: '171050752',
  IPV6SUBNET: 'fd00:50:0:7::/64',
  IPV6SUBNET_IP: 'fd00:50:0:7::',
  IPV6SUBNET_LEN: '64',
};
const aboutPeer = {
  ...everyCommand,
  ...localSubnets,
  PUBLIC_IP: '172.30.1.99',
  PUBLIC_IPV6: 'fd00:99:1::99',
  ON_LINK_DEV: 'eth0',
  ON_LINK_DEV_V6: 'eth0',
  SUBNET: '10.50.99.0/24',
  SUBNET_IP: '10.50.99.0',
  SUBNET_LEN: '24',
  SUBNET_NUMBER: '171074304',
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
  GITHUB_PAT: 'swordfish-5',
  MYSQL_PWD: 'swordfish-6',
  SESSION_COOKIE: 'swordfish-7',
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
  // With NOTIFY_SOCKET the network would stay up.
  const passed = ['--pass-env', 'CLOUD_KEY', '--pass-env', 'ABSENT', '--on-exit', 'shutdown'];
  const daemon = await startDaemon(host, [...args, ...parameters, ...passed], {
    environment: { ...notInherited, HARMLESS: 'kept', CLOUD_KEY: 'kept too', TZ: 'UTC' },
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
