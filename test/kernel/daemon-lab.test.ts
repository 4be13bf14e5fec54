import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { LabNodeStatus } from '../../src/lab/protocol.ts';
import { reasonToSkip } from './harness/needs.ts';
import { runHeddle } from './lab-harness.ts';
import { until } from '../support/until.ts';

const options = { skip: reasonToSkip() };
const name = `daemon-${process.pid}`;

async function inNode(node: string, script: string): Promise<readonly string[]> {
  const { exitCode, stdout, stderr } = await runHeddle([
    ...['lab', 'exec', '--name', name, node, '--', 'sh', '-ec', script],
  ]);
  assert.equal(exitCode, 0, stderr);
  return stdout
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .sort();
}

async function untilStatusSays(node: string, words: string): Promise<void> {
  const status = (): Promise<string> => inNode(node, 'heddle status --json').then(String);
  await until(`the status of ${node} to say ${words}`, async () => (await status()).includes(words), status);
}

async function nodes(): Promise<readonly LabNodeStatus[]> {
  const { stdout } = await runHeddle(['lab', 'ps', '--name', name, '--json']);
  return (JSON.parse(stdout) as { nodes: LabNodeStatus[] }).nodes;
}

interface Entries {
  readonly routes: readonly string[];
  readonly neighbours: readonly string[];
  readonly fdb: readonly string[];
}

/** What a node has of the overlay, but for its pod's bridge. Which metric and protocol a route has is the recipe's business. */
async function entriesOf(node: string): Promise<Entries> {
  return {
    routes: await inNode(
      node,
      "ip route show table all | grep -vE '^(local|broadcast|anycast|multicast) |^fe80:|eth0|cbr0' | sed -E 's/ (metric|proto) [0-9]+//g'",
    ),
    neighbours: await inNode(node, 'ip neigh show nud permanent'),
    fdb: await inNode(node, "bridge fdb show dev flannel.1 2>/dev/null | grep -vE '^(33:33|01:00)' || true"),
  };
}

interface NodeFigures {
  readonly name: string;
  readonly publicIp: string;
  readonly subnet: string;
  readonly mac: string;
}

/** What a node has to have: three entries for each of the others. */
function entriesFor(others: readonly NodeFigures[]): Entries {
  const vtep = (subnet: string): string => subnet.replace(/\/.*/, '');
  return {
    routes: others.map(({ subnet }) => `${subnet} via ${vtep(subnet)} dev flannel.1 onlink`).sort(),
    neighbours: others
      .map(({ subnet, mac }) => `${vtep(subnet)} dev flannel.1 lladdr ${mac} PERMANENT`)
      .sort(),
    fdb: others.map(({ publicIp, mac }) => `${mac} dst ${publicIp} self permanent`).sort(),
  };
}

describe('three nodes of a lab on recipes/vxlan.json', options, () => {
  let all: readonly NodeFigures[] = [];
  const without = (...names: readonly string[]): readonly NodeFigures[] =>
    all.filter((node) => !names.includes(node.name));

  before(async () => {
    if (options.skip !== false) return;
    const up = await runHeddle(['lab', 'up', 'vxlan', '--name', name, '--nodes', '3', '--lease-ttl', '5']);
    assert.equal(up.exitCode, 0, up.stderr);
    const seen = [];
    for (const { name: node, publicIp, subnet } of await nodes()) {
      const [mac = ''] = await inNode(node, 'cat /sys/class/net/flannel.1/address');
      seen.push({ name: node, publicIp, subnet: subnet ?? '', mac });
    }
    all = seen;
  });
  after(async () => {
    await runHeddle(['lab', 'down', '--name', name]);
  });

  test('have exactly the routes, neighbours and fdb entries that are wanted', async () => {
    assert.equal(all.length, 3);
    for (const node of all)
      assert.deepEqual(await entriesOf(node.name), entriesFor(without(node.name)), node.name);
  });

  test('lose a node that is stopped, and take it in again with the MAC that it had when it comes back', async () => {
    const stopped = await runHeddle(['lab', 'stop', '--name', name, 'node2']);
    assert.equal(stopped.exitCode, 0, stopped.stderr);
    assert.deepEqual(await entriesOf('node2'), { routes: [], neighbours: [], fdb: [] });
    assert.deepEqual(await inNode('node2', 'ip -o link show type vxlan; ls /run/flannel'), []);

    for (const [node, other] of [
      ['node1', 'node3'],
      ['node3', 'node1'],
    ] as const) {
      const gone = all.find((each) => each.name === 'node2')?.subnet ?? '';
      await until(
        `${node} to lose its route to ${gone}`,
        async () => (await inNode(node, `ip route show ${gone}`)).length === 0,
      );
      // The command may still be at its other entries.
      await untilStatusSays(node, '"pending":0');
      assert.deepEqual(
        await entriesOf(node),
        entriesFor(without(node, 'node2').filter((each) => each.name === other)),
      );
    }
    const leases = await inNode('node1', 'heddle leases');
    assert.equal(leases.filter((line) => /^\d/.test(line) && line.includes('vxlan')).length, 2);

    const started = await runHeddle(['lab', 'start', '--name', name, 'node2']);
    assert.equal(started.exitCode, 0, started.stderr);
    const { subnet } = (await nodes()).find((node) => node.name === 'node2') ?? {};
    all = all.map((node) => (node.name === 'node2' ? { ...node, subnet: subnet ?? '' } : node));
    for (const node of all) {
      const wanted = entriesFor(without(node.name));
      await untilStatusSays(node.name, '"wanted":2,"inPlace":2,"pending":0');
      assert.deepEqual(await entriesOf(node.name), wanted, node.name);
    }
  });
});
