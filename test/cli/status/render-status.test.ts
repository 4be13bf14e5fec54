import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderStatus } from '../../../src/cli/status/render-status.ts';
import type { NodeStatus } from '../../../src/daemon/report/status.ts';
import { exampleStatus as status, partOf } from './example-status.ts';

const now = Date.parse('2026-11-20T15:13:06.765Z');

test('a status is one aligned line for each thing that there is to say', () => {
  assert.equal(
    renderStatus(status, now),
    [
      'node      node1, heddle 0.1.0, process 63, since 2026-11-20T14:13:06.765Z',
      'state     running',
      'recipe    vxlan, type vxlan, /recipes/vxlan.json',
      'params    VNI=1 PSK=***',
      'network   10.50.0.0/16, etcd at https://10.0.0.5:2379 under /coreos.com/network',
      'lease     10.50.85.0/24 for 172.30.0.1, expires in 23 h',
      'underlay  eth0, overlay MTU 1450',
      'peers     2 of 2 in place',
      '',
      'parts',
      '  device         whole     on eth0, overlay MTU 1450',
      '  traffic-rules  whole     masquerade, forward, looked at every 5 s',
      '  peers          whole     2 of 2 in place',
      '  subnet-file    whole     /run/flannel/subnet.env',
      '',
    ].join('\n'),
  );
});

test('a broken part is shown with its reason and its next try', () => {
  const parts: NodeStatus['parts'] = [
    {
      ...partOf('traffic-rules', 'forward, looked at every 5 s'),
      state: 'broken',
      because: 'iptables is not on PATH',
      failures: 3,
      nextTryAt: '2026-11-20T15:13:10.765Z',
    },
    { ...partOf('peers', '1 of 2 in place'), state: 'broken', because: '1 peer failing' },
    { ...partOf('subnet-file', '/run/subnet.env'), state: 'absent' },
  ];
  const shown = renderStatus({ ...status, parts }, now)
    .split('\n')
    .slice(-4);
  assert.deepEqual(shown, [
    '  traffic-rules  broken    forward, looked at every 5 s: iptables is not on PATH (3 failures, next try in 4.0 s)',
    '  peers          broken    1 of 2 in place: 1 peer failing',
    '  subnet-file    absent    /run/subnet.env',
    '',
  ]);
});

test('a concern is shown with what to do, and a lease that ended as such', () => {
  const shown = renderStatus(
    {
      ...status,
      lease: {
        subnet: '10.50.85.0/24',
        publicIp: '172.30.0.1',
        publicIpv6: null,
        expiresAt: '2026-11-20T15:12:33.765Z',
      },
      concerns: [
        {
          kind: 'lease-expired',
          about: '10.50.85.0-24',
          because: 'the lease expired',
          hint: 'make the store reachable',
          since: '2026-11-20T15:12:33.765Z',
        },
      ],
    },
    now,
  ).split('\n');
  assert.equal(shown[5], 'lease     10.50.85.0/24 for 172.30.0.1, expired 33.0 s ago');
  assert.deepEqual(shown.slice(-4), [
    'packets may not flow',
    '  lease-expired: the lease expired (since 2026-11-20T15:12:33.765Z)',
    '      make the store reachable',
    '',
  ]);
});

test('a store that is away has a line: since when, why, when it is tried next, and what to do', () => {
  const outage = (nextTryAt: string): NodeStatus => ({
    ...status,
    storeOutage: {
      since: '2026-11-20T15:01:00.000Z',
      because: 'etcd refuses connections',
      hint: 'start etcd',
      nextTryAt,
    },
  });
  const line = 'store     away since 2026-11-20T15:01:00.000Z: etcd refuses connections; next try in';
  const shown = renderStatus(outage('2026-11-20T15:13:10.765Z'), now).split('\n');
  assert.equal(shown[8], `${line} 4.0 s`);
  assert.equal(shown[9], '          start etcd');
  // It is being tried, and has not answered yet.
  assert.ok(renderStatus(outage('2026-11-20T15:13:01.000Z'), now).includes(`${line} 0 ms`));
});

test('what is read in another way than it is written is listed, with its place', () => {
  const where = 'etcd:/coreos.com/network/config:1:2';
  const liberties = [{ where, code: 'other-case', message: 'the key `network` is read as `Network`' }];
  const text = renderStatus({ ...status, liberties }, Date.now());
  assert.match(
    text,
    /\nwarnings about the network configuration\n {2}etcd:\/coreos\.com\/network\/config:1:2: the key `network`/,
  );
});

test('a probe is shown by result, and who does not answer by address', () => {
  const addresses = [
    {
      key: 'a',
      subnet: '10.50.1.0/24',
      address: '10.50.1.0',
      result: 'answers',
      lastAnswerAt: status.startedAt,
    },
    {
      key: 'b',
      subnet: '10.50.2.0/24',
      address: '10.50.2.0',
      result: 'silent',
      lastAnswerAt: status.startedAt,
    },
    { key: 'c', subnet: '10.50.3.0/24', address: '10.50.3.0', result: 'unknown', lastAnswerAt: null },
  ] as const;
  const counts = { answers: 1, silent: 1, unknown: 1 };
  const shown = renderStatus({ ...status, probe: { at: status.startedAt, counts, addresses } }, 0);
  assert.match(
    shown,
    /^probe {5}1 answer, 1 answered before, but not now, 1 never answered, so heddle cannot tell whether packets flow, at /m,
  );
  assert.match(
    shown,
    /\npeers that do not answer\n {2}10\.50\.2\.0 of 10\.50\.2\.0\/24: answered last at .*\n {2}10\.50\.3\.0 of 10\.50\.3\.0\/24: never answered\n/,
  );
  assert.doesNotMatch(shown, /10\.50\.1\.0 of/);
});

test('both families are shown of the network, of the lease and of a peer, or IPv6 where that is all', () => {
  const outcome = {
    operation: 'add',
    reason: 'new',
    at: status.startedAt,
    trouble: 'exited with status 2',
    stderr: '',
  } as const;
  const render = (subnets: string, own: string, peer: string, network: string): string =>
    renderStatus(
      {
        ...status,
        network,
        lease: { subnet: subnets, publicIp: own, publicIpv6: 'fd00:99::1', expiresAt: null },
        peers: [
          {
            key: 'a',
            subnet: subnets,
            publicIp: peer,
            publicIpv6: 'fd00:99::2',
            state: 'failing',
            retries: 1,
            nextTryAt: null,
            lastOutcome: outcome,
          },
        ],
      },
      now,
    );
  const both = render(
    '10.50.1.0/24 and fd00:50:0:1::/64',
    '172.30.0.1',
    '172.30.0.2',
    '10.50.0.0/16 and fd00:50::/48',
  );
  assert.match(both, /^network {3}10\.50\.0\.0\/16 and fd00:50::\/48, /m);
  assert.match(both, /^lease {5}10\.50\.1\.0\/24 and fd00:50:0:1::\/64 for 172\.30\.0\.1 and fd00:99::1/m);
  assert.match(both, /^ {2}10\.50\.1\.0\/24 and fd00:50:0:1::\/64 at 172\.30\.0\.2 and fd00:99::2: exited/m);
  const ipv6 = render('fd00:50:0:1::/64', 'fd00:99::1', 'fd00:99::2', 'fd00:50::/48');
  assert.match(ipv6, /^network {3}fd00:50::\/48, /m);
  assert.match(ipv6, /^lease {5}fd00:50:0:1::\/64 for fd00:99::1/m);
  assert.match(ipv6, /^ {2}fd00:50:0:1::\/64 at fd00:99::2: exited/m);
});
