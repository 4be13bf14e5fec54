import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Failure } from '../../src/diagnostic/failure.ts';
import type { PlannedDevice } from '../../src/doctor/devices/planned-devices.ts';
import type { MacPolicies, NetworkFacts, PeerPath, UdpSocket } from '../../src/doctor/facts.ts';
import type { Judgement } from '../../src/doctor/finding.ts';
import { judgeBridgeFilter } from '../../src/doctor/findings/bridge-filter.ts';
import { judgeFirewall } from '../../src/doctor/findings/firewall.ts';
import { judgeForwardPolicy } from '../../src/doctor/findings/forward-policy.ts';
import { judgeForwarding } from '../../src/doctor/findings/forwarding.ts';
import { judgeModules } from '../../src/doctor/findings/kernel-modules.ts';
import { judgeMacPolicy } from '../../src/doctor/findings/mac-policy.ts';
import { judgeMtu } from '../../src/doctor/findings/path-mtu.ts';
import { judgeRunningPeers, type RunningPeers } from '../../src/doctor/findings/peers.ts';
import { judgePorts } from '../../src/doctor/findings/port-in-use.ts';
import { judgeReversePath } from '../../src/doctor/findings/reverse-path.ts';
import { judgeVnis } from '../../src/doctor/findings/vni-in-use.ts';

const device: PlannedDevice = {
  name: 'loom0',
  kind: 'vxlan',
  vni: 7,
  port: 8472,
  mtu: 1450,
  hasAddress: false,
};

type Link = NetworkFacts['links'][number];

const link: Link = {
  name: 'weft0',
  otherNames: [],
  mtu: 1450,
  up: true,
  loopback: false,
  kind: 'vxlan',
  hardwareAddress: undefined,
  overIpv6: false,
  vxlan: { vni: 7, port: 8472 },
  addresses: [],
};

const socket: UdpSocket = { family: 4, port: 8472, isWildcard: true, owner: 'nc (process 9)' };
const peer: PeerPath = { address: '192.0.2.7', family: 4, device: 'eth0', probe: 'whole' };

/** A host that is as it must be. */
const facts: NetworkFacts = {
  plan: { devices: [device], usesWireguardGo: false },
  links: [],
  sockets: [],
  modules: new Map([['vxlan', 'present']]),
  hasEarlierNetwork: false,
  families: { ipv4: {}, ipv6: undefined },
  hasWireguardGo: false,
  underlay: {
    name: 'eth0',
    mtu: 1500,
    publicIp: '192.0.2.1',
    publicIpv6: undefined,
    addresses: { ipv4: '192.0.2.1', ipv6: undefined },
  },
  overhead: undefined,
  underlayMtu: 1500,
  networks: { ipv4: '10.50.0.0/16', ipv6: undefined },
  settings: {
    forwarding: { ipv4: '1', ipv6: '1' },
    bridgeFilter: { ipv4: '1', ipv6: '1' },
    reversePath: { all: '0', own: '0' },
  },
  rules: { iptables: [], nft: undefined, unreadable: undefined },
  traffic: { forward: true, tool: 'iptables' },
  macPolicies: { isUdevRunning: true, files: [] },
  peers: [],
  defaultDevices: { ipv4: 'eth0', ipv6: undefined },
  packets: [{ family: 4, protocol: 'udp', port: 8472, device: 'eth0', from: undefined, to: '192.0.2.1' }],
};

type Level = Judgement['level'];
type Case = readonly [Level, Partial<NetworkFacts>];

function planned(...fields: readonly Partial<PlannedDevice>[]): Pick<NetworkFacts, 'plan'> {
  return { plan: { devices: fields.map((each) => ({ ...device, ...each })), usesWireguardGo: false } };
}

function saved(policy: string, ...rules: readonly string[]): Pick<NetworkFacts, 'rules'> {
  const text = [`:INPUT ${policy} [0:0]`, `:FORWARD ${policy} [0:0]`, ...rules].join('\n');
  const iptables = [{ family: 4, program: 'iptables-save', text }] as const;
  return { rules: { iptables, nft: undefined, unreadable: undefined } };
}

function linkFile(text: string): Pick<NetworkFacts, 'macPolicies'> {
  const policies: MacPolicies = { isUdevRunning: true, files: [{ path: 'a.link', text }] };
  return { macPolicies: policies };
}

function settings(more: Partial<NetworkFacts['settings']>): Pick<NetworkFacts, 'settings'> {
  return { settings: { ...facts.settings, ...more } };
}

const strict = settings({ reversePath: { all: '0', own: '1' } });
const none = { ipv4: undefined, ipv6: undefined };
const unreadable = { rules: { iptables: [], nft: undefined, unreadable: 'no' } };
const nobody = { traffic: { forward: false, tool: 'iptables' } } as const;
const persistent = '[Link]\nMACAddressPolicy=persistent\n';

const tables: readonly (readonly [string, (given: NetworkFacts) => readonly Judgement[], readonly Case[]])[] =
  [
    [
      'the UDP port',
      judgePorts,
      [
        ['ok', {}],
        ['ok', planned({ port: undefined })],
        ['error', { sockets: [socket] }],
        ['error', { sockets: [{ ...socket, isWildcard: false }] }],
        ['ok', { sockets: [{ ...socket, port: 8471 }] }],
        // The kernel's own socket is shared by VXLAN devices, and by no other.
        ['ok', { sockets: [{ ...socket, owner: undefined }] }],
        ['error', { ...planned({ kind: 'geneve' }), sockets: [{ ...socket, owner: undefined }] }],
        ['warning', { sockets: [{ ...socket, family: 6 }] }],
        ['ok', { sockets: [{ ...socket, family: 6, isWildcard: false }] }],
        ['unknown', { sockets: [socket], hasEarlierNetwork: true }],
        ['ok', { sockets: [socket], links: [{ ...link, name: 'loom0' }] }],
      ],
    ],
    [
      'the VNI',
      judgeVnis,
      [
        ['ok', {}],
        ['ok', planned({ vni: undefined })],
        ['error', { links: [link] }],
        ['ok', { links: [{ ...link, name: 'loom0' }] }],
        ['ok', { links: [{ ...link, vxlan: { vni: 8, port: 8472 } }] }],
        ['ok', { links: [{ ...link, vxlan: { vni: 7, port: 4789 } }] }],
        ['unknown', { links: [link], hasEarlierNetwork: true }],
        ['unknown', { ...planned({ name: undefined }), links: [link] }],
      ],
    ],
    [
      'kernel modules',
      judgeModules,
      [
        ['ok', {}],
        ['ok', planned()],
        ['ok', { modules: new Map([['vxlan', 'loadable']]) }],
        ['unknown', { modules: new Map() }],
        ['error', { modules: new Map([['vxlan', 'absent']]) }],
        ['error', { ...planned({ kind: 'gretap' }), modules: new Map([['ip_gre', 'absent']]) }],
      ],
    ],
    [
      'the MTU',
      judgeMtu,
      [
        ['ok', {}],
        ['warning', planned({ mtu: 1451 })],
        ['ok', { ...planned({ mtu: undefined }), links: [{ ...link, name: 'loom0' }] }],
        ['warning', { ...planned({ mtu: undefined }), links: [{ ...link, name: 'loom0', mtu: 1451 }] }],
        ['warning', { networks: { ipv4: undefined, ipv6: 'fd00::/48' } }],
        ['warning', { underlayMtu: 1501 }],
        ['ok', { peers: [peer] }],
        ['warning', { peers: [{ ...peer, probe: 'small-only' }] }],
        ['warning', { peers: [{ ...peer, probe: 'silent' }] }],
        ['unknown', { peers: [{ ...peer, probe: new Failure('privilege', 'pings cannot be sent') }] }],
      ],
    ],
    [
      'the MAC address',
      judgeMacPolicy,
      [
        ['ok', {}],
        ['warning', linkFile(`[Match]\nOriginalName=*\n${persistent}`)],
        ['warning', linkFile(`[Match]\nKind=vx?an dummy\n${persistent}`)],
        ['ok', linkFile(`[Match]\nOriginalName=eth*\n${persistent}`)],
        ['ok', linkFile(`[Match]\nOriginalName=*\nPath=pci-*\n${persistent}`)],
        ['ok', linkFile('[Match]\nOriginalName=*\n[Link]\nMACAddressPolicy=none\n')],
        ['ok', linkFile(persistent)],
        ['ok', { ...planned({ hasAddress: true }), ...linkFile(`[Match]\nOriginalName=*\n${persistent}`) }],
        ['ok', planned({ kind: 'wireguard' })],
      ],
    ],
    [
      'forwarding',
      judgeForwarding,
      [
        ['ok', {}],
        ['warning', settings({ forwarding: { ipv4: '0', ipv6: '1' } })],
        ['warning', settings({ forwarding: none })],
        ['ok', settings({ forwarding: { ipv4: '1', ipv6: '0' } })],
      ],
    ],
    [
      'the filter of bridges',
      judgeBridgeFilter,
      [
        ['ok', {}],
        ['warning', settings({ bridgeFilter: { ipv4: '0', ipv6: '1' } })],
        ['warning', settings({ bridgeFilter: none })],
      ],
    ],
    [
      'the filter of sources',
      judgeReversePath,
      [
        ['ok', {}],
        ['ok', strict],
        ['ok', settings({ reversePath: { all: '1', own: '2' } })],
        ['warning', { ...strict, peers: [{ ...peer, device: 'eth1' }] }],
        ['ok', { ...strict, peers: [{ ...peer, family: 6, device: 'eth1' }] }],
        ['ok', { ...strict, peers: [{ ...peer, device: undefined }] }],
        ['warning', { ...strict, defaultDevices: { ipv4: 'eth1', ipv6: undefined } }],
        ['ok', { ...strict, networks: { ipv4: undefined, ipv6: 'fd00::/48' } }],
      ],
    ],
    [
      'the policy for forwarded packets',
      judgeForwardPolicy,
      [
        ['ok', {}],
        ['unknown', unreadable],
        ['ok', saved('DROP')],
        ['warning', { ...saved('DROP'), ...nobody }],
        ['ok', { ...saved('ACCEPT'), ...nobody }],
        // As the advised command leaves it.
        [
          'ok',
          {
            ...saved('DROP', '-A FORWARD -s 10.50.0.0/16 -j ACCEPT', '-A FORWARD -d 10.50.0.0/16 -j ACCEPT'),
            ...nobody,
          },
        ],
        // Hosts outside do not reach pods.
        ['warning', { ...saved('DROP', '-A FORWARD -s 10.50.0.0/16 -j ACCEPT'), ...nobody }],
        // heddle's rules come last.
        ['warning', saved('ACCEPT', '-A FORWARD -d 10.0.0.0/8 -j REJECT')],
        ['warning', { ...saved('DROP', '-A FORWARD -s 10.50.0.0/16 -j DROP'), ...nobody }],
        ['warning', { ...saved('DROP', '-A FORWARD -s 10.51.0.0/16 -j ACCEPT'), ...nobody }],
      ],
    ],
    [
      'the firewall',
      judgeFirewall,
      [
        ['ok', {}],
        ['ok', { packets: [], ...unreadable }],
        ['unknown', unreadable],
        ['warning', saved('DROP')],
        ['ok', saved('DROP', '-A INPUT -p udp -m udp --dport 8472 -j ACCEPT')],
        ['unknown', saved('DROP', '-A INPUT -s 192.0.2.0/24 -j ACCEPT')],
      ],
    ],
  ];

for (const [name, judge, cases] of tables) {
  describe(`the judgement of ${name}`, () => {
    for (const [index, [level, given]] of cases.entries()) {
      test(`case ${index + 1}, of ${Object.keys(given).join(' and ') || 'nothing'}, is ${level}`, () => {
        const [judgement, ...others] = judge({ ...facts, ...given });
        assert.deepEqual([judgement?.level, others], [level, []], judgement?.message);
        const hasFix = (judgement?.advice ?? judgement?.command) != null;
        assert.equal(hasFix, level === 'error' || level === 'warning', judgement?.message);
      });
    }
  });
}

test('wireguard-go stands in for a missing module, if it is there', () => {
  const plan = { devices: [{ ...device, kind: 'wireguard' }], usesWireguardGo: true };
  const given = { ...facts, plan, modules: new Map([['wireguard', 'absent']] as const) };
  const levels = [true, false].map((hasWireguardGo) => judgeModules({ ...given, hasWireguardGo })[0]?.level);
  assert.deepEqual(levels, ['ok', 'error']);
});

test('a socket of the other family is named by its family', () => {
  const given = { ...facts, families: { ipv4: undefined, ipv6: {} }, sockets: [socket] };
  assert.match(judgePorts(given)[0]?.message ?? '', /for IPv4, perhaps/);
});

const ipv6 = {
  networks: { ipv4: undefined, ipv6: 'fd00:50::/48' },
  families: { ipv4: undefined, ipv6: {} },
} satisfies Partial<NetworkFacts>;

function savedAs(program: string, family: 4 | 6, ...rules: readonly string[]): Pick<NetworkFacts, 'rules'> {
  const text = [':INPUT DROP [0:0]', ':FORWARD DROP [0:0]', ...rules].join('\n');
  return { rules: { iptables: [{ family, program, text }], nft: undefined, unreadable: undefined } };
}

/** A chain of firewalld's, which has the name of a chain of iptables in its own. */
const firewalld = {
  rules: {
    iptables: [],
    nft: JSON.stringify({
      nftables: [
        { table: { family: 'inet', name: 'firewalld', handle: 1 } },
        {
          chain: {
            family: 'inet',
            table: 'firewalld',
            name: 'filter_FORWARD',
            handle: 2,
            type: 'filter',
            hook: 'forward',
            prio: 10,
            policy: 'drop',
          },
        },
      ],
    }),
    unreadable: undefined,
  },
};

/** The message of a finding, its advice where it matters, and the command that cures it. */
const texts: readonly (readonly [
  judge: (given: NetworkFacts) => readonly Judgement[],
  given: Partial<NetworkFacts>,
  message: RegExp,
  command: string | null,
  advice?: RegExp,
])[] = [
  [
    judgeModules,
    { ...planned({ name: undefined, kind: 'gretap' }), modules: new Map([['ip_gre', 'absent']]) },
    /ip_gre.*a gretap device/,
    'apt-get install linux-modules-extra-$(uname -r)',
  ],
  [
    judgePorts,
    { ...planned({ name: undefined }), sockets: [socket] },
    /^UDP port 8472 is in use by nc \(process 9\), so the vxlan device cannot receive packets$/,
    "ss -lunp 'sport = :8472'",
  ],
  [
    judgePorts,
    { ...ipv6, sockets: [{ ...socket, family: 6 }] },
    /^UDP port 8472 is in use by nc \(process 9\), so loom0 cannot receive packets$/,
    "ss -lunp 'sport = :8472'",
  ],
  [
    judgePorts,
    { ...planned({ kind: 'geneve' }), sockets: [{ ...socket, owner: undefined }] },
    /in use by another device of the kernel/,
    "ss -lunp 'sport = :8472'",
  ],
  [judgeMtu, planned({ name: undefined, mtu: 1451 }), /^the vxlan device has an MTU of 1451/, null],
  [
    judgeMacPolicy,
    { ...planned({ name: undefined }), ...linkFile(`[Match]\nOriginalName=*\n${persistent}`) },
    /^systemd-udevd gives the vxlan device another MAC address/,
    "printf '[Match]\\nOriginalName=*\\n[Link]\\nMACAddressPolicy=none\\n' >/etc/systemd/network/10-heddle.link",
  ],
  [
    judgeForwarding,
    { ...ipv6, ...settings({ forwarding: { ipv4: '1', ipv6: '0' } }) },
    /^this host does not forward IPv6 packets.*\(net\.ipv6\.conf\.all\.forwarding is 0\)$/,
    'sysctl -w net.ipv6.conf.all.forwarding=1',
  ],
  [
    judgeForwarding,
    settings({ forwarding: none }),
    /\(net\.ipv4\.ip_forward is missing\)$/,
    'sysctl -w net.ipv4.ip_forward=1',
  ],
  [
    judgeBridgeFilter,
    { ...ipv6, ...settings({ bridgeFilter: { ipv4: '1', ipv6: '0' } }) },
    /^net\.bridge\.bridge-nf-call-ip6tables is 0, so a pod does not reach a Service/,
    'sysctl -w net.bridge.bridge-nf-call-ip6tables=1',
  ],
  [
    judgeBridgeFilter,
    { ...ipv6, ...settings({ bridgeFilter: none }) },
    /^the module br_netfilter is not loaded/,
    'modprobe br_netfilter',
  ],
  [
    judgeForwardPolicy,
    { ...savedAs('iptables-legacy-save', 4, '-A FORWARD -d 10.50.0.0/16 -j ACCEPT'), ...nobody },
    /^the chain FORWARD of iptables-legacy drops packets from 10\.50\.0\.0\/16 to outside/,
    'iptables-legacy -I FORWARD -s 10.50.0.0/16 -j ACCEPT && iptables-legacy -I FORWARD -d 10.50.0.0/16 -j ACCEPT',
    /unless --iptables-forward-rules is false$/,
  ],
  [
    judgeForwardPolicy,
    { ...ipv6, ...savedAs('ip6tables-save', 6), ...nobody },
    /^the chain FORWARD of ip6tables drops packets from fd00:50::\/48 to fd00:50::\/48$/,
    'ip6tables -I FORWARD -s fd00:50::/48 -j ACCEPT && ip6tables -I FORWARD -d fd00:50::/48 -j ACCEPT',
  ],
  [
    judgeForwardPolicy,
    { ...ipv6, ...firewalld },
    /^the chain filter_FORWARD of the nftables table inet firewalld drops packets from fd00:50::/,
    'nft insert rule inet firewalld filter_FORWARD ip6 saddr fd00:50::/48 accept && nft insert rule inet firewalld filter_FORWARD ip6 daddr fd00:50::/48 accept',
    /a rule in heddle's own chain cannot$/,
  ],
  [
    judgeFirewall,
    {
      ...savedAs('ip6tables-legacy-save', 6),
      packets: [
        { family: 6, protocol: 'udp', port: 8472, device: 'eth0', from: undefined, to: 'fd00:99::1' },
      ],
    },
    /^the chain INPUT of ip6tables-legacy drops/,
    'ip6tables-legacy -I INPUT -p udp --dport 8472 -j ACCEPT',
  ],
];

describe('the text of a finding', () => {
  for (const [judge, given, message, command, advice] of texts) {
    test(`says ${message.source}`, () => {
      const [judgement] = judge({ ...facts, ...given });
      assert.match(judgement?.message ?? '', message);
      assert.equal(judgement?.command ?? null, command);
      if (advice !== undefined) assert.match(judgement?.advice ?? '', advice);
    });
  }
});

describe('the peers of a running daemon', () => {
  const status = 'heddle status --state-dir /run/heddle';

  /** A peer in a state, whose last command printed a text. */
  function peerOf(third: number, state: string, stderr = ''): RunningPeers['peers'][number] {
    const lastOutcome = { trouble: 'SubnetAddCommand (loom.json:7) did not end within 30 s', stderr };
    return { subnet: `10.50.${third}.0/24`, state, lastOutcome };
  }

  /** The level and the message, as one text. */
  function judge(peers: RunningPeers['peers'], rejections: RunningPeers['rejections'] = []): string {
    const inPlace = peers.filter(({ state }) => state === 'in-place').length;
    const { level, message, advice, command } = judgeRunningPeers(
      { counts: { inPlace }, peers, rejections },
      status,
    );
    assert.deepEqual([advice !== null, command], level === 'ok' ? [false, null] : [true, status]);
    return `${level}: ${message}`;
  }

  test('are well if none failed', () => {
    const [one, two] = [peerOf(1, 'in-place'), peerOf(2, 'pending')];
    assert.equal(judge([]), 'ok: 0 peers, all in place');
    assert.equal(judge([one]), 'ok: 1 peer, all in place');
    assert.equal(judge([one, two]), 'ok: 1 of 2 peers in place, and none failed');
  });

  test('are told with the last lines that the command printed, or else with how it ended', () => {
    const printed = peerOf(2, 'failing', 'one\ntwo\n tun made\n\nthe loom is full\n');
    assert.equal(
      judge([peerOf(1, 'in-place'), printed]),
      'warning: 1 of 2 peers failed: two; tun made; the loom is full (10.50.2.0/24)',
    );
    assert.equal(
      judge([peerOf(2, 'failing')]),
      'warning: 1 of 1 peer failed: SubnetAddCommand (loom.json:7) did not end within 30 s (10.50.2.0/24)',
    );
    assert.equal(
      judge([{ ...peerOf(2, 'failing'), lastOutcome: null }]),
      'warning: 1 of 1 peer failed: the daemon does not know why (10.50.2.0/24)',
    );
  });

  test('are told with the most frequent reason, whatever it says of the peer itself', () => {
    const astray = [2, 3, 4].map((n) =>
      peerOf(n, 'failing', `192.0.2.${n} is not on the link of 10.50.${n}.0/24`),
    );
    assert.equal(
      judge([peerOf(1, 'failing', 'the loom is full'), ...astray]),
      'warning: 4 of 4 peers failed, 3 of them: 192.0.2.2 is not on the link of 10.50.2.0/24 (10.50.2.0/24 and 2 more)',
    );
  });

  test('count with the leases that were rejected', () => {
    const rejections = [7, 8].map((n) => ({
      key: `10.60.${n}.0-24`,
      because: 'it lies outside 10.50.0.0/16',
    }));
    assert.equal(
      judge([peerOf(1, 'failing', 'full')], rejections),
      'warning: 1 of 1 peer failed: full (10.50.1.0/24); 2 leases rejected: it lies outside 10.50.0.0/16 (10.60.7.0-24 and 1 more)',
    );
  });
});
