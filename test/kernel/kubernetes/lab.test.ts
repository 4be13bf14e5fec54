import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { exitCodes } from '../../../src/diagnostic/failure.ts';
import type { LabReport } from '../../../src/lab/report/report.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { until } from '../../support/until.ts';
import { reasonToSkip } from '../harness/needs.ts';
import {
  firstProcess,
  machineState,
  pidNamespace,
  processesIn,
  runHeddle,
  spawnLab,
} from '../lab-harness.ts';
import { skip } from './kube-api-server.ts';

const options = { skip: reasonToSkip('etcd', 'wg', 'wireguard-go') || skip, timeout: 120_000 };
const store = ['--store', 'kubernetes', '--timeout', '50'];

async function report(recipe: string, nodes: number): Promise<LabReport> {
  const words = ['lab', 'run', recipe, '--nodes', String(nodes), '--json', ...store];
  const { exitCode, stdout, stderr } = await runHeddle(words);
  assert.equal(exitCode, 0, stderr);
  assert.match(stderr, /^lab: starting kube-apiserver on apiserver/m);
  return JSON.parse(stdout) as LabReport;
}

for (const [recipe, nodes] of [
  ['vxlan', 3],
  ['host-gw', 2],
  ['wireguard', 2],
] as const) {
  test(`a lab on Kubernetes passes with ${recipe}, and leaves the machine as it was`, options, async () => {
    const before = await machineState();
    const { passed, leftovers, reasons, pairs, nodes: reported } = await report(recipe, nodes);
    assert.deepEqual([passed, leftovers, reasons], [true, [], []]);
    assert.deepEqual(
      pairs.map(({ ok }) => ok),
      Array.from({ length: nodes * (nodes - 1) }, () => true),
    );
    // The cluster assigns the subnets, in the order of the nodes.
    assert.deepEqual(
      reported.map(({ subnet }) => subnet),
      Array.from({ length: nodes }, (_, index) => `10.50.${index + 1}.0/24`),
    );
    assert.deepEqual(await machineState(), before);
  });
}

/** A file with the vxlan recipe and another network. */
function writeVxlan(t: TestContext, network: object): string {
  const file = join(temporaryDirectory(t), 'changed.json');
  const shipped = new URL('../../../recipes/vxlan.json', import.meta.url);
  const recipe = JSON.parse(readFileSync(shipped, 'utf8')) as object;
  writeFileSync(file, JSON.stringify({ ...recipe, ...network }));
  return file;
}

test('the Nodes of a lab have a podCIDR for each family', options, async (t) => {
  const recipe = writeVxlan(t, { EnableIPv6: true, IPv6Network: 'fd00:50::/48' });
  const { passed, nodes } = await report(recipe, 2);
  assert.equal(passed, true);
  assert.deepEqual(
    nodes.map(({ subnet, ipv6Subnet }) => [subnet, ipv6Subnet]),
    [
      ['10.50.1.0/24', 'fd00:50:0:1::/64'],
      ['10.50.2.0/24', 'fd00:50:0:2::/64'],
    ],
  );
});

test('a lab on Kubernetes whose command is killed leaves nothing', options, async (t) => {
  const before = await machineState();
  const lab = spawnLab(['run', 'vxlan', '--nodes', '2', ...store]);
  t.after(() => lab.outer.kill('SIGKILL'));
  const namespace = pidNamespace(await firstProcess(`run-${lab.outer.pid ?? 0}`, lab));
  assert.ok(namespace);
  await lab.until(/kube-apiserver serves/);
  assert.ok(processesIn(namespace).some(({ words }) => words[0]?.endsWith('kube-apiserver')));
  lab.outer.kill('SIGKILL');
  await lab.ended;
  await until('every process of the lab to be gone', () => processesIn(namespace).length === 0);
  assert.deepEqual(await machineState(), before);
});

test(
  'a lab whose network has too few subnets for its Nodes, or that has no API server, is refused',
  options,
  async (t) => {
    const small = writeVxlan(t, { Network: '10.50.0.0/28' });
    const refused = await runHeddle(['lab', 'run', small, '--nodes', '4', ...store]);
    assert.equal(refused.exitCode, exitCodes.recipe);
    assert.match(refused.stderr, /has 3 subnets, which are not enough for 4 nodes\n.*--nodes/);

    const environment = { XDG_CACHE_HOME: temporaryDirectory(t) };
    const absent = await runHeddle(['lab', 'run', 'vxlan', ...store], { environment });
    assert.equal(absent.exitCode, exitCodes.prerequisite);
    assert.match(absent.stderr, /needs the program kube-apiserver.*\n.*npm run setup -- --kubernetes/);
  },
);
