import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  commandVariables,
  inheritedEnvironment,
  isPeerCommand,
  nodeVariables,
  ownVariables,
  peerVariables,
  type NodeFacts,
} from '../../src/contract/environment.ts';
import type { Peer } from '../../src/lease/lease.ts';
import { contractVariables, variablesUnsetIn } from '../../src/recipe/contract-variables.ts';
import { commandNames, type Parameter } from '../../src/recipe/recipe.ts';
import { cidr, dualStack, ipv4Only } from '../lease/fixtures.ts';

const facts: NodeFacts = {
  network: ipv4Only,
  nodeName: 'node1',
  iface: 'eth0',
  ifaceMtu: 1500,
  mtus: { ipv4: 1450, ipv6: undefined },
  stateDirectory: '/var/lib/heddle/state',
  publicIp: '172.30.0.1',
  publicIpv6: undefined,
  localAddresses: { ipv4: '10.0.2.15', ipv6: undefined },
  parameters: [],
  parameterValues: {},
};

const link = { devices: { ipv4: 'eth0', ipv6: 'eth1' }, matters: true };

const bothLocal = { ipv4: '10.0.2.15', ipv6: 'fd00:99::1' };

const own = { ipv4: cidr('10.50.7.0/24'), ipv6: undefined };

const peer: Peer = {
  key: '10.50.9.0-24',
  subnet: '10.50.9.0/24',
  ipv6Subnet: undefined,
  publicIp: '172.30.0.9',
  publicIpv6: undefined,
  stdin: 'x\n',
  fields: { DATA_VNI: '1' },
};

describe('the variables of a node', () => {
  const ofEveryCommand = {
    NETWORK: '10.50.0.0/16',
    LOCAL_PUBLIC_IP: '172.30.0.1',
    IFACE: 'eth0',
    LOCAL_ADDRESS: '10.0.2.15',
    IFACE_MTU: '1500',
    MTU: '1450',
    NODE_NAME: 'node1',
    STATE_DIR: '/var/lib/heddle/state',
  };

  test('hold no subnet before it has its lease', () => {
    assert.deepEqual(nodeVariables(facts, undefined), ofEveryCommand);
    assert.deepEqual(ownVariables(facts, undefined), { PUBLIC_IP: '172.30.0.1' });
  });

  test('hold its subnet, as LOCAL_ for every command and plain for those about itself', () => {
    assert.deepEqual(nodeVariables(facts, own), {
      ...ofEveryCommand,
      LOCAL_SUBNET: '10.50.7.0/24',
      LOCAL_SUBNET_IP: '10.50.7.0',
      LOCAL_SUBNET_LEN: '24',
      LOCAL_SUBNET_NUMBER: '171050752',
    });
    assert.deepEqual(ownVariables(facts, own), {
      PUBLIC_IP: '172.30.0.1',
      SUBNET: '10.50.7.0/24',
      SUBNET_IP: '10.50.7.0',
      SUBNET_LEN: '24',
      SUBNET_NUMBER: '171050752',
    });
  });

  test('of IPv6 are there only with an IPv6 network', () => {
    const given = {
      ...facts,
      network: { ...dualStack, ipv4: undefined },
      publicIp: undefined,
      publicIpv6: 'fd00:99::1',
      mtus: { ipv4: undefined, ipv6: 1430 },
    };
    const subnets = { ipv4: undefined, ipv6: cidr('2001:cafe:42:7::/64') };
    assert.deepEqual(ownVariables(given, subnets), {
      PUBLIC_IPV6: 'fd00:99::1',
      IPV6SUBNET: '2001:cafe:42:7::/64',
      IPV6SUBNET_IP: '2001:cafe:42:7::',
      IPV6SUBNET_LEN: '64',
    });
    const variables = nodeVariables(given, subnets);
    assert.equal(variables['IPV6_NETWORK'], '2001:cafe:42::/56');
    assert.equal(variables['NETWORK'], undefined);
    assert.equal(variables['LOCAL_SUBNET'], undefined);
    assert.equal(variables['MTU'], '1430');
    assert.equal(variables['MTU_V6'], '1430');
  });

  test('hold the MTU of each family in a dual-stack network', () => {
    const given = { ...facts, network: dualStack, mtus: { ipv4: 1450, ipv6: 1430 } };
    const { MTU, MTU_V6 } = nodeVariables(given, undefined);
    assert.deepEqual({ MTU, MTU_V6 }, { MTU: '1450', MTU_V6: '1430' });
  });

  const parameter = (name: string, variable: string): Parameter => ({
    name,
    variable,
    type: 'integer',
    default: undefined,
    minimum: undefined,
    maximum: undefined,
    pattern: undefined,
    choices: undefined,
    secret: false,
    description: undefined,
  });

  test('hold each parameter that has a value; MTU is the overlay’s even if a parameter has that name', () => {
    const parameters = [
      parameter('DirectRouting', 'DIRECT_ROUTING'),
      parameter('MTU', 'MTU'),
      parameter('VNI', 'VNI'),
    ];
    const given = { ...facts, parameters, parameterValues: { DirectRouting: false, MTU: 9000 } };
    const variables = nodeVariables(given, undefined);
    assert.deepEqual(variables, { ...ofEveryCommand, DIRECT_ROUTING: 'false' });
  });
});

test('the variables of a peer are its own, and those of its data', () => {
  assert.deepEqual(peerVariables(peer), {
    DATA_VNI: '1',
    PUBLIC_IP: '172.30.0.9',
    SUBNET: '10.50.9.0/24',
    SUBNET_IP: '10.50.9.0',
    SUBNET_LEN: '24',
    SUBNET_NUMBER: '171051264',
  });
  const devices = { ipv4: 'eth1', ipv6: undefined };
  const { ON_LINK_DEV, ON_LINK_DEV_V6 } = peerVariables({ ...peer, link: { devices, matters: false } });
  assert.deepEqual([ON_LINK_DEV, ON_LINK_DEV_V6], ['eth1', undefined]);
});

test('every variable that is set is one that is never inherited', () => {
  const set = {
    ...nodeVariables(
      {
        ...facts,
        network: dualStack,
        publicIpv6: 'fd00:99::1',
        localAddresses: bothLocal,
        mtus: { ipv4: 1450, ipv6: 1430 },
      },
      { ...own, ipv6: cidr('2001:cafe:42:7::/64') },
    ),
    ...ownVariables({ ...facts, publicIpv6: 'fd00:99::1' }, { ...own, ipv6: cidr('2001:cafe:42:7::/64') }),
    ...peerVariables({ ...peer, fields: {}, link }),
  };
  assert.deepEqual(Object.keys(set).sort(), [...contractVariables].sort());
  assert.deepEqual(inheritedEnvironment(set, Object.keys(set)), {});
});

describe('the table of what is unset in a command, for authors, holds for', () => {
  const full = {
    ...facts,
    network: dualStack,
    publicIpv6: 'fd00:99::1',
    localAddresses: bothLocal,
    mtus: { ipv4: 1450, ipv6: 1430 },
  };
  const subnets = { ...own, ipv6: cidr('2001:cafe:42:7::/64') };
  const both = { ...peer, ipv6Subnet: '2001:cafe:42:9::/64', publicIpv6: 'fd00:99::9', link };
  for (const name of commandNames) {
    test(name, () => {
      const leased = name === 'PreStartupCommand' ? undefined : subnets;
      const variables = commandVariables(name, full, leased, isPeerCommand(name) ? both : undefined);
      const unset = contractVariables.filter((variable) => !Object.hasOwn(variables, variable));
      assert.deepEqual(unset.sort(), [...variablesUnsetIn(name)].sort());
    });
  }
});

describe('what commands inherit', () => {
  const usual = {
    PATH: '/usr/sbin:/usr/bin',
    HOME: '/root',
    USER: 'root',
    LANG: 'C',
    LC_ALL: 'C',
    LC_MESSAGES: 'de_DE',
    TZ: 'UTC',
    TMPDIR: '/tmp',
    http_proxy: 'http://192.0.2.1:3128',
    HTTPS_PROXY: 'http://192.0.2.1:3128',
    no_proxy: 'localhost',
    ALL_PROXY: 'socks5://192.0.2.1',
  };

  test('is what a program needs', () => {
    assert.deepEqual(inheritedEnvironment({ ...usual, UNSET: undefined }, []), usual);
  });

  test('is what somebody named, too', () => {
    const named = { PATH: '/bin', AWS_SECRET_ACCESS_KEY: 'a', KUBECONFIG: 'b' };
    const inherited = inheritedEnvironment({ ...named, OTHER: 'c' }, [...Object.keys(named), 'ABSENT']);
    assert.deepEqual(inherited, named);
  });

  // Nobody can list what a secret is called.
  for (const name of [
    ...['GITHUB_PAT', 'MYSQL_PWD', 'SESSION_COOKIE', 'AWS_SECRET_ACCESS_KEY', 'DB_PASSWORD', 'PGPASSFILE'],
    ...['KUBECONFIG', 'SSH_AUTH_SOCK', 'BASH_ENV', 'ENV', 'LD_PRELOAD', 'NODE_OPTIONS', 'TERM', 'X_PROXY'],
    ...['Path', 'path', 'LC_', 'PATHS', 'HOME2', 'MY_TZ', 'proxy', 'DSN', 'REDIS_URL', 'BASH_FUNC_ip%%'],
  ]) {
    test(`is not ${name}`, () => assert.deepEqual(inheritedEnvironment({ [name]: 'x' }, []), {}));
  }

  for (const name of [
    ...['FLANNELD_ETCD_PASSWORD', 'FLANNELD_IFACE', 'ETCDCTL_USER', 'HEDDLE_PARAM_PSK', 'HEDDLE_STATE_DIR'],
    ...['NOTIFY_SOCKET', 'LISTEN_FDS', 'LISTEN_PID', 'WATCHDOG_USEC', 'CREDENTIALS_DIRECTORY'],
    ...['SUBNET', 'LOCAL_IPV6SUBNET_LEN', 'MTU', 'NODE_NAME', 'DATA_VTEP_MAC', 'DATA6_PORT', 'a b', ''],
  ]) {
    test(`is never ${name}, even if it is named`, () =>
      assert.deepEqual(inheritedEnvironment({ [name]: 'x' }, [name]), {}));
  }

  test('is never changed on the way', () => {
    const entries = fc.dictionary(fc.string(), fc.string());
    fc.assert(
      fc.property(entries, fc.array(fc.string()), (environment, named) => {
        for (const [name, value] of Object.entries(inheritedEnvironment(environment, named))) {
          assert.equal(environment[name], value);
        }
      }),
    );
  });
});
