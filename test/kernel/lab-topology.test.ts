import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { LabListing } from '../../src/lab/ps.ts';
import type { LabReport } from '../../src/lab/report/report.ts';
import type { TraceReport } from '../../src/lab/trace/report.ts';
import type { LinkListing } from '../../src/lab/underlay/impair.ts';
import { assertOutput } from '../support/output-schema.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import type { CommandEnd } from './harness/host.ts';
import { reasonToSkip } from './harness/needs.ts';
import { machineState, runHeddle } from './lab-harness.ts';
import { unreadableCheckout } from '../../scripts/test/unprivileged.js';

const skip = reasonToSkip('nft', 'tc', 'tcpdump');
const examples = fileURLToPath(new URL('../../docs/topologies', import.meta.url));
const recipes = fileURLToPath(new URL('../../recipes', import.meta.url));

/** Whether this kernel can delay packets. */
const hasNetem =
  spawnSync('unshare', ['--net', 'tc', 'qdisc', 'add', 'dev', 'lo', 'root', 'netem', 'delay', '1ms'])
    .status === 0;

async function run(
  example: string,
  ...more: readonly string[]
): Promise<{ readonly end: CommandEnd; readonly report: LabReport }> {
  const end = await runHeddle(['lab', 'run', 'vxlan', '--topology', example, '--json', ...more]);
  assert.notEqual(end.stdout, '', end.stderr);
  return { end, report: assertOutput('lab run', end.stdout) as LabReport };
}

function assertPassed({ end, report }: Awaited<ReturnType<typeof run>>, pairs: number): void {
  assert.deepEqual(report.reasons, []);
  assert.equal(end.exitCode, 0, end.stderr);
  assert.equal(report.pairs.filter(({ ok }) => ok).length, pairs);
}

describe('lab run with an example of a topology', { skip }, () => {
  let machine: Awaited<ReturnType<typeof machineState>>;
  before(async () => {
    machine = await machineState();
  });
  after(async () => {
    assert.deepEqual(await machineState(), machine, 'a lab left something on the machine');
  });

  test('two data centres with a router', async () => {
    const { end, report } = await run('two-data-centres');
    assertPassed({ end, report }, 12);
    assert.deepEqual(
      report.nodes.map(({ publicIp }) => publicIp),
      ['192.0.2.1', '192.0.2.2', '198.51.100.3', '198.51.100.4'],
    );
  });

  test('a node behind NAT, which the others reach at the address of the router', async () => {
    const { end, report } = await run('behind-nat', '--store', 'etcd');
    assertPassed({ end, report }, 6);
    assert.equal(report.nodes[2]?.publicIp, '203.0.113.254');
  });

  test('a node behind NAT, without root in a user namespace', async (t) => {
    const wrapper = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups', '--'];
    if ((await runHeddle(['--help'], { wrapper })).exitCode !== 0) {
      t.skip(unreadableCheckout);
      return;
    }
    const topology = join(examples, 'behind-nat.json');
    // The lab's overlay cannot copy a directory of a user that its namespace does not have.
    const options = { wrapper, environment: { TMPDIR: '/tmp' } };
    const end = await runHeddle(['lab', 'run', 'vxlan', '--topology', topology, '--json'], options);
    assertPassed({ end, report: assertOutput('lab run', end.stdout) as LabReport }, 6);
  });

  test('a multi-homed node', async () => {
    assertPassed(await run('multi-homed'), 6);
  });

  test('a path with a small MTU, whose router splits packets until the overlay publishes less', async () => {
    const { end, report } = await run('small-mtu');
    assert.equal(end.exitCode, 13);
    assert.match(
      report.reasons.join('\n'),
      /packets of the published MTU, 1450 bytes, are fragmented by router[12], whose link to wan has the MTU 1400; publish a smaller MTU, for example with --param MTU=1400/,
    );
    assertPassed(await run('small-mtu', '--param', 'MTU=1400'), 2);
  });
});

describe('lab up with a topology', { skip }, () => {
  const name = `topology-${process.pid}`;
  const inLab = (verb: string, ...words: readonly string[]): Promise<CommandEnd> =>
    runHeddle(['lab', verb, '--name', name, ...words]);

  async function listLinks(...words: readonly string[]): Promise<LinkListing['links']> {
    const { exitCode, stdout, stderr } = await inLab('impair', ...words, '--json');
    assert.equal(exitCode, 0, stderr);
    return (assertOutput('lab impair', stdout) as LinkListing).links;
  }

  async function trace(...words: readonly string[]): Promise<TraceReport> {
    const { stdout, stderr } = await inLab('trace', ...words, '--json');
    assert.equal(stderr, '');
    return assertOutput('lab trace', stdout) as TraceReport;
  }

  before(async () => {
    const topology = join(examples, 'behind-nat.json');
    const { exitCode, stderr } = await runHeddle([
      'lab',
      'up',
      'vxlan',
      '--topology',
      topology,
      '--name',
      name,
    ]);
    assert.equal(exitCode, 0, stderr);
  });
  after(() => inLab('down'));

  test('ps shows the routers, and exec enters them', async () => {
    const { stdout } = await inLab('ps', '--json');
    const { routers, nodes } = assertOutput('lab ps', stdout) as LabListing;
    assert.deepEqual(
      routers.map(({ name: router, nat }) => ({ router, nat })),
      [
        {
          router: 'box',
          nat: { interface: 'eth0', addresses: [{ outside: '203.0.113.254', inside: '192.168.1.3' }] },
        },
      ],
    );
    assert.deepEqual(nodes[2]?.addresses, ['192.168.1.3']);
    const inside = await inLab('exec', 'box', '--', 'hostname');
    assert.equal(inside.stdout, 'box');
    assert.match((await inLab('ps')).stdout, /│ box +│ router +│/);
  });

  test('trace walks through the router and its NAT, both ways', async () => {
    const way = (report: TraceReport): readonly string[] => report.hops.map(({ place }) => place);
    const inwards = await trace('node1-pod', 'node3-pod');
    assert.equal(inwards.outcome.kind, 'answered', JSON.stringify(inwards.outcome));
    assert.deepEqual(way(inwards), [
      'node1-pod',
      'node1',
      'underlay',
      'box',
      'underlay',
      'node3',
      'node3-pod',
    ]);
    const nat = inwards.hops[3]?.lookUps.find(({ table }) => table === 'nat');
    assert.equal(nat?.found, 'box forwards 203.0.113.254 to 192.168.1.3');
    const outwards = await trace('node3-pod', 'node2-pod');
    assert.equal(outwards.outcome.kind, 'answered', JSON.stringify(outwards.outcome));
    assert.deepEqual(way(outwards), [
      'node3-pod',
      'node3',
      'underlay',
      'box',
      'underlay',
      'node2',
      'node2-pod',
    ]);
    assert.ok(
      outwards.hops[3]?.lookUps.some(
        ({ found }) => found === 'box replaces the source 192.168.1.3 by 203.0.113.254',
      ),
    );
    assert.deepEqual(outwards.suspicions, []);
    const nodes = await trace('node1', 'node3');
    assert.equal(nodes.outcome.kind, 'answered', JSON.stringify(nodes.outcome));
    assert.equal(nodes.to.address, '203.0.113.254');
    assert.deepEqual(way(nodes), ['node1', 'underlay', 'box', 'underlay', 'node3']);
  });

  test('impair shows the links, changes one, and removes the limits again', async () => {
    const usual = { mtu: 1500, loss: null, rate: null, delay: null };
    assert.deepEqual(
      await listLinks(),
      [
        ['node1:eth0', 'internet'],
        ['node2:eth0', 'internet'],
        ['node3:eth0', 'home'],
        ['box:eth0', 'internet'],
        ['box:eth1', 'home'],
      ].map(([link, segment]) => ({ name: link, segment, ...usual })),
    );
    const limits = ['--mtu', '1400', '--loss', '0.5%', '--rate', '50mbit'];
    const changed = { mtu: 1400, loss: '0.5%', rate: '50mbit', delay: null };
    assert.deepEqual(await listLinks('box:eth1', ...limits), [
      { name: 'box:eth1', segment: 'home', ...changed },
    ]);
    assert.deepEqual(await listLinks('box:eth0'), [{ name: 'box:eth0', segment: 'internet', ...usual }]);
    const device = (await inLab('exec', 'box', '--', 'ip', 'link', 'show', 'eth1')).stdout;
    assert.match(device, /mtu 1400 qdisc tbf/);
    assert.match(
      (await inLab('exec', 'underlay', '--', 'nft', 'list', 'ruleset')).stdout,
      /box_eth1[^]*< 500 /,
    );
    assert.deepEqual(await listLinks('box', '--clear'), [
      { name: 'box:eth0', segment: 'internet', ...usual },
      { name: 'box:eth1', segment: 'home', ...usual },
    ]);
    assert.match(
      (await inLab('exec', 'box', '--', 'ip', 'link', 'show', 'eth1')).stdout,
      /mtu 1500 qdisc noqueue/,
    );
    assert.equal((await inLab('exec', 'underlay', '--', 'nft', 'list', 'ruleset')).stdout, '');
  });

  test('a link that loses every packet is the cause that a trace names', async () => {
    await listLinks('node3:eth0', '--loss', '100%');
    const { outcome } = await trace('node1-pod', 'node3-pod');
    assert.equal(outcome.kind, 'lost');
    assert.match(outcome.cause, /^the link node3:eth0, (?:from|to) the host, has a loss/);
    assert.equal(
      outcome.shows,
      `heddle lab exec --name ${name} underlay -- nft list table netdev heddle-loss`,
    );
    await listLinks('node3:eth0', '--loss', 'none');
    assert.equal((await trace('node1-pod', 'node3-pod')).outcome.kind, 'answered');
  });

  test('unknown links and limits are refused with those there are', async () => {
    const unknown = await inLab('impair', 'node9');
    assert.equal(unknown.exitCode, 12);
    assert.match(unknown.stderr, /node1, node2, node3, box, or one of their links, such as node1:eth0/);
    const nameless = await inLab('impair', '--loss', '1%');
    assert.equal(nameless.exitCode, 2);
    const malformed = await inLab('impair', 'node1', '--rate', 'fast');
    assert.equal(malformed.exitCode, 2);
    assert.match(malformed.stderr, /such as 10mbit, or none/);
    await listLinks('node1:eth0', '--rate', '20mbit');
    const delayed = await inLab('impair', 'node1:eth0', '--delay', '20ms', '--mtu', '1400', '--json');
    if (hasNetem) assert.equal(delayed.exitCode, 0, delayed.stderr);
    else {
      assert.equal(delayed.exitCode, 4);
      assert.match(delayed.stderr, /the kernel does not have netem, which the delay of node1:eth0 needs/);
      const [link] = await listLinks('node1:eth0');
      assert.deepEqual(
        link && [link.mtu, link.rate, link.delay],
        [1500, '20mbit', null],
        'nothing has changed',
      );
    }
    await listLinks('node1', '--clear');
  });
});

test('a single node has its own recipe, parameters and rate', { skip }, async (t) => {
  const directory = temporaryDirectory(t);
  const name = `own-${process.pid}`;
  copyFileSync(join(recipes, 'vxlan.json'), join(directory, 'copy.json'));
  const topology = join(directory, 'topology.json');
  const file = (more: object): string =>
    JSON.stringify({
      Segments: { lan: {} },
      Nodes: {
        node1: { Links: [{ Segment: 'lan' }] },
        node2: {
          Links: [{ Segment: 'lan', Rate: '100mbit', ...more }],
          Recipe: './copy.json',
          Parameters: { MTU: 1400 },
        },
      },
    });
  writeFileSync(topology, file({ Delay: '20ms' }));
  const up = ['lab', 'up', 'vxlan', '--topology', topology, '--name', name];
  const delayed = await runHeddle(up);
  if (hasNetem) {
    assert.equal(delayed.exitCode, 0, delayed.stderr);
    assert.equal((await runHeddle(['lab', 'down', '--name', name])).exitCode, 0);
  } else {
    assert.equal(delayed.exitCode, 4);
    assert.match(delayed.stderr, /the kernel does not have netem, which the delay of node2:eth0 needs/);
    assert.match(delayed.stderr, /modprobe sch_netem/);
  }
  writeFileSync(topology, file({}));
  const { exitCode, stderr } = await runHeddle(up);
  t.after(() => runHeddle(['lab', 'down', '--name', name]));
  assert.equal(exitCode, 0, stderr);
  const { stdout } = await runHeddle(['lab', 'ps', '--name', name, '--json']);
  const { nodes } = assertOutput('lab ps', stdout) as LabListing;
  assert.deepEqual(
    nodes.map(({ mtu }) => mtu),
    [1450, 1350],
  );
  const log = await runHeddle(['lab', 'logs', '--name', name, 'node2', '--raw']);
  assert.match(log.stdout, /copy\.json|"recipe":"copy"/);
  const links = await runHeddle(['lab', 'impair', '--name', name, 'node2', '--json']);
  assert.match(links.stdout, /"rate":"100mbit"/);
});

test('a wrong topology is refused before anything starts, each mistake at its place', { skip }, async (t) => {
  const directory = temporaryDirectory(t);
  const topology = join(directory, 'topology.json');
  writeFileSync(
    topology,
    '{\n  "Segments": { "lan": {} },\n  "Nodes": { "node1": { "Links": [{ "Segmnt": "lan" }] } }\n}\n',
  );
  for (const words of [['run'], ['up'], ['verify']]) {
    const { exitCode, stderr } = await runHeddle(['lab', ...words, 'vxlan', '--topology', topology]);
    assert.equal(exitCode, 3, stderr);
    assert.match(stderr, /topology\.json:3:37 error\[unknown-key\].*does not have a key `Segmnt`/);
    assert.match(stderr, /did you mean `Segment`\?/);
  }
  const conflict = await runHeddle(['lab', 'run', 'vxlan', '--topology', topology, '--nodes', '2']);
  assert.equal(conflict.exitCode, 2);
  const missing = await runHeddle(['lab', 'run', 'vxlan', '--topology', join(directory, 'none.json')]);
  assert.equal(missing.exitCode, 3);
  assert.match(missing.stderr, /cannot be read: no such file/);
});
