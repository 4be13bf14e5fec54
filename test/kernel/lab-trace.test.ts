import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { exitCodes } from '../../src/diagnostic/failure.ts';
import type { LabListing } from '../../src/lab/ps.ts';
import type { TraceReport } from '../../src/lab/trace/report.ts';
import { assertOutput } from '../support/output-schema.ts';
import type { CommandEnd } from './harness/host.ts';
import { brokenLabs } from './harness/broken-labs.ts';
import { reasonToSkip } from './harness/needs.ts';
import { runHeddle } from './lab-harness.ts';
import { unreadableCheckout } from '../../scripts/test/unprivileged.js';

const skip = reasonToSkip('tcpdump', 'nft', 'iptables');
const name = `trace-${process.pid}`;
const named = ['--name', name];

async function lab(verb: string, ...words: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await runHeddle(['lab', verb, ...named, ...words]);
  assert.equal(exitCode, 0, stderr);
  return stdout;
}

/** Runs a line of shell in a node, a pod or the underlay. */
async function inside(place: string, line: string): Promise<string> {
  return (await lab('exec', place, '--', 'sh', '-c', line)).trim();
}

async function trace(
  ...words: readonly string[]
): Promise<{ readonly exitCode: number | undefined; readonly report: TraceReport }> {
  const { exitCode, stdout, stderr } = await runHeddle(['lab', 'trace', ...named, ...words, '--json']);
  assert.equal(stderr, '');
  return { exitCode, report: assertOutput('lab trace', stdout) as TraceReport };
}

type Lost = Extract<TraceReport['outcome'], { kind: 'lost' }>;

function lostIn(report: TraceReport): Lost {
  assert.equal(report.outcome.kind, 'lost', JSON.stringify(report.outcome));
  return report.outcome;
}

/** The nodes of the lab; none of them has a daemon any more that would repair it. */
let nodes: LabListing['nodes'];
/** The device of VXLAN on node2: its address and its MAC. */
let vtep: { readonly address: string; readonly mac: string };
describe('lab trace', { skip }, () => {
  before(async () => {
    await lab('up', 'vxlan', '--nodes', '3');
    nodes = (JSON.parse(await lab('ps', '--json')) as LabListing).nodes;
    for (const node of nodes) await lab('kill', node.name);
    const address = nodes[1]?.subnet?.replace('/24', '') ?? '';
    const entry = await inside('node1', `ip neigh show ${address} dev flannel.1`);
    vtep = { address, mac: /lladdr (\S+)/.exec(entry)?.[1] ?? '' };
    assert.notEqual(vtep.mac, '');
  });
  after(() => runHeddle(['lab', 'down', ...named]));

  test('shows each look-up and each frame of a packet that is answered', async () => {
    const { exitCode, report } = await trace('node1-pod', 'node2-pod', '--size', '1000');
    assert.equal(report.outcome.kind, 'answered', JSON.stringify(report));
    assert.equal(exitCode, 0);
    assert.equal(report.noFrames, null);
    assert.deepEqual(
      report.hops.map(({ place, arrives, leaves }) => [place, arrives, leaves]),
      [
        ['node1-pod', null, 'eth0'],
        ['node1', 'cbr0', 'eth0'],
        ['underlay', 'node1', 'node2'],
        ['node2', 'eth0', 'cbr0'],
        ['node2-pod', 'eth0', null],
      ],
    );
    const [, node1] = report.hops;
    assert.deepEqual(
      node1?.lookUps.map(({ table }) => table),
      ['route', 'neighbour', 'fdb', 'route', 'neighbour'],
    );
    assert.deepEqual(node1.encapsulation, {
      device: 'flannel.1',
      kind: 'vxlan',
      source: '172.30.0.1',
      destination: '172.30.0.2',
      port: 8472,
      vni: 1,
      overhead: 50,
      encrypted: false,
    });
    const sent = node1.frames.filter(({ packet }) => packet === 'request');
    assert.deepEqual(
      sent.map(({ interface: device, direction, size, dontFragment, vni, inner }) => [
        ...[device, direction, size, dontFragment, vni, inner?.size],
      ]),
      [
        ['pod', 'in', 1000, true, null, undefined],
        ['cbr0', 'in', 1000, true, null, undefined],
        ['flannel.1', 'out', 1000, true, null, undefined],
        ['eth0', 'out', 1050, false, 1, 1000],
      ],
    );
    assert.equal(sent.at(-1)?.ports?.destination, 8472);
  });

  for (const { what, breaks, repairs, size, cause, shows, seen, counts } of brokenLabs(() => ({
    nodes,
    vtep,
  }))) {
    test(`finds ${what}`, async () => {
      try {
        for (const [place, line] of breaks()) await inside(place, line);
        const options = size === undefined ? [] : ['--size', String(size)];
        const { exitCode, report } = await trace('node1-pod', 'node2-pod', ...options);
        const lost = lostIn(report);
        assert.equal(exitCode, exitCodes['lab-failed']);
        assert.match(lost.cause, cause());
        assert.match(lost.shows ?? '', shows);
        assert.deepEqual(lost.lastSeen && [lost.lastSeen.place, lost.lastSeen.interface], seen);
        if (counts !== undefined)
          assert.ok(report.counters.some(({ name: counter }) => counts.test(counter)));
      } finally {
        for (const [place, line] of repairs()) await inside(place, line);
      }
      assert.equal((await trace('node1-pod', 'node2-pod')).report.outcome.kind, 'answered');
    });
  }

  test('without tcpdump shows the look-ups alone, says so, and still finds a missing entry', async () => {
    // What is mounted in the lab's own namespace reaches neither the machine nor a node's own mounts.
    const tcpdump = await inside('underlay', 'command -v tcpdump');
    await inside('underlay', `mount --bind /dev/null ${tcpdump}`);
    try {
      await inside('node1', `bridge fdb del ${vtep.mac} dev flannel.1 self`);
      const { report } = await trace('node1-pod', 'node2-pod');
      assert.match(report.noFrames ?? '', /^tcpdump does not start in \S+: .*Permission denied/);
      assert.ok(report.hops.every(({ frames }) => frames.length === 0));
      assert.match(lostIn(report).cause, /^the FDB entry of \S+ on flannel\.1 of node1 is missing/);
    } finally {
      await inside('node1', `bridge fdb replace ${vtep.mac} dev flannel.1 dst 172.30.0.2 self permanent`);
      await inside('underlay', `umount ${tcpdump}`);
    }
  });

  test('refuses places that are not there, or are the same', async () => {
    const refused = async (from: string, to: string): Promise<string> => {
      const { exitCode, stderr } = await runHeddle(['lab', 'trace', ...named, from, to]);
      assert.notEqual(exitCode, 0);
      return stderr;
    };
    assert.match(await refused('node1', 'node9'), /does not have a node named node9/);
    assert.match(await refused('node1', 'node1'), /a packet from node1 to itself does not leave it/);
  });
});

describe('lab trace of other overlays', { skip: reasonToSkip('tcpdump', 'wg', 'wireguard-go') }, () => {
  const other = `${name}-wg`;
  after(() => runHeddle(['lab', 'down', '--name', other]));

  test('sees only the outer packet of WireGuard, and on a routed underlay the router', async () => {
    const up = await runHeddle([
      'lab',
      'up',
      'wireguard',
      '--nodes',
      '2',
      '--underlay',
      'routed',
      '--name',
      other,
    ]);
    assert.equal(up.exitCode, 0, up.stderr);
    const { stdout } = await runHeddle(['lab', 'trace', '--name', other, 'node1-pod', 'node2-pod', '--json']);
    const report = assertOutput('lab trace', stdout) as TraceReport;
    assert.equal(report.outcome.kind, 'answered', JSON.stringify(report));
    const underlay = report.hops.find(({ place }) => place === 'underlay');
    assert.equal(underlay?.lookUps[0]?.table, 'route');
    const requests = underlay.frames.filter(({ packet }) => packet === 'request');
    assert.deepEqual(
      requests.map(({ interface: device, encrypted, inner, size }) => [device, encrypted, inner, size]),
      [
        ['node1', true, null, 172],
        ['node2', true, null, 172],
      ],
    );
    const text = await runHeddle(['lab', 'trace', '--name', other, 'node1', 'node2']);
    assert.match(text.stdout, /✔ node2 answered in [\d.]+ ms$/);
  });
});

describe('lab trace without root', { skip: reasonToSkip('tcpdump', 'nft') }, () => {
  const wrapper = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups', '--'];
  const environment = { TMPDIR: '/tmp' };
  const own = ['--name', `${name}-user`];
  after(() => runHeddle(['lab', 'down', ...own], { wrapper, environment }));

  test('shows the look-ups, and the rule of a firewall, in a user namespace', async (t) => {
    const heddle = async (verb: string, ...words: readonly string[]): Promise<CommandEnd> =>
      runHeddle(['lab', verb, ...own, ...words], { wrapper, environment });
    if ((await runHeddle(['--help'], { wrapper })).exitCode !== 0) {
      t.skip(unreadableCheckout);
      return;
    }
    const up = await heddle('up', 'vxlan', '--nodes', '2');
    assert.equal(up.exitCode, 0, up.stderr);
    const table =
      'table inet foreign { chain input { type filter hook input priority 0; udp dport 8472 drop; }; }';
    assert.equal((await heddle('exec', 'node2', '--', 'nft', table)).exitCode, 0);
    const traced = await heddle('trace', 'node1-pod', 'node2-pod', '--json');
    const report = assertOutput('lab trace', traced.stdout) as TraceReport;
    assert.match(report.noFrames ?? '', /^tcpdump does not start in \S+: Couldn't change to/);
    assert.match(lostIn(report).cause, /^the firewall of node2 drops the packet: .* udp dport 8472 drop$/);
    assert.equal((await heddle('capture', 'node1')).exitCode, exitCodes.privilege);
  });
});
