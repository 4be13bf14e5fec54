import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { exitCodes } from '../../src/diagnostic/failure.ts';
import type { LabListing } from '../../src/lab/ps.ts';
import type { LabReport } from '../../src/lab/report/report.ts';
import type { ScenarioReport } from '../../src/lab/report/scenario-report.ts';
import { assertOutput } from '../support/output-schema.ts';
import { reasonToSkip } from './harness/needs.ts';
import { skip as noApiServer } from './kubernetes/kube-api-server.ts';
import { runHeddle } from './lab-harness.ts';

const flanneld = process.env['FLANNELD'];
const skip =
  reasonToSkip('etcd', 'iptables') || (flanneld === undefined && 'needs a flanneld: FLANNELD=PATH names one');
const withFlanneld = ['--flanneld', flanneld ?? ''];

describe('a lab with flanneld', { skip }, () => {
  test('moves a whole cluster to heddle without a lost packet, and one node back', async () => {
    const args = ['lab', 'run', 'vxlan', '--scenario', 'from-flanneld', ...withFlanneld, '--json'];
    const { exitCode, stdout, stderr } = await runHeddle(args, { seconds: 120 });
    const report = assertOutput('lab run --scenario', stdout) as ScenarioReport;
    assert.deepEqual([exitCode, report.reasons], [0, []], stderr);
    assert.deepEqual(
      report.nodes.map(({ program }) => program),
      [undefined, undefined, 'flanneld'],
    );
  });

  test('shows which node runs it, and starts the other daemon there', async (t) => {
    const named = ['--name', `flanneld-${process.pid}`];
    t.after(() => runHeddle(['lab', 'down', ...named]));
    const up = [
      'lab',
      'up',
      'host-gw',
      ...named,
      '--nodes',
      '2',
      '--store',
      'etcd',
      '--tls',
      ...withFlanneld,
    ];
    const { exitCode, stderr } = await runHeddle(up);
    assert.equal(exitCode, 0, stderr);
    const programs = async (): Promise<readonly unknown[]> => {
      const { stdout } = await runHeddle(['lab', 'ps', ...named, '--json']);
      const { nodes } = assertOutput('lab ps', stdout) as LabListing;
      return nodes.map(({ program, daemon }) => [program, daemon]);
    };
    assert.deepEqual(await programs(), [
      [undefined, 'ready'],
      ['flanneld', 'ready'],
    ]);
    for (const [program, shown] of [
      ['heddle', undefined],
      ['flanneld', 'flanneld'],
    ] as const) {
      assert.equal((await runHeddle(['lab', 'stop', ...named, 'node2'])).exitCode, 0);
      const start = await runHeddle(['lab', 'start', ...named, 'node2', '--with', program]);
      assert.deepEqual([start.exitCode, start.stdout], [0, `node2: ${program} ready.`], start.stderr);
      assert.deepEqual((await programs())[1], [shown, 'ready']);
    }
    const server = await runHeddle(['lab', 'stop', ...named, 'etcd']);
    assert.equal(server.exitCode, 0);
    const refused = await runHeddle(['lab', 'start', ...named, 'etcd', '--with', 'flanneld']);
    assert.equal(refused.exitCode, exitCodes.usage, refused.stderr);
  });

  test('whose leases are Nodes is one cluster with heddle', { skip: noApiServer }, async () => {
    const args = ['lab', 'run', 'vxlan', '--nodes', '2', '--store', 'kubernetes', '--timeout', '50'];
    const { exitCode, stdout, stderr } = await runHeddle([...args, ...withFlanneld, '--json'], {
      seconds: 120,
    });
    const report = assertOutput('lab run', stdout) as LabReport;
    assert.deepEqual([exitCode, report.reasons], [0, []], stderr);
    assert.equal(report.nodes[1]?.program, 'flanneld');
  });
});

describe(
  'a lab with flanneld is refused before anything starts',
  { skip: reasonToSkip('etcd', 'iptables') },
  () => {
    const table: Readonly<
      Record<string, readonly [words: readonly string[], code: number, message: RegExp]>
    > = {
      'if its leases are in files': [
        ['vxlan', '--flanneld', '/bin/true'],
        exitCodes.usage,
        /--flanneld needs --store etcd or --store kubernetes/,
      ],
      'if a node does not exist': [
        ['vxlan', '--store', 'etcd', '--flanneld', '/bin/true', '--flanneld-nodes', 'node4'],
        exitCodes.usage,
        /--flanneld-nodes names node4, which is not a node of the lab\n.*node3/,
      ],
      'if only nodes are named': [
        ['vxlan', '--store', 'etcd', '--flanneld-nodes', 'node1'],
        exitCodes.usage,
        /--flanneld-nodes needs --flanneld/,
      ],
      'if the program does not exist': [
        ['vxlan', '--store', 'etcd', '--flanneld', '/nowhere/flanneld'],
        exitCodes.prerequisite,
        /flanneld cannot be run at \/nowhere\/flanneld/,
      ],
      'if flanneld does not have a backend of the type': [
        ['test/recipes/extension-vxlan.json', '--store', 'etcd', '--flanneld', '/bin/true'],
        exitCodes.recipe,
        /flanneld cannot run the recipe extension-vxlan.* type extension/,
      ],
      'if a scenario needs one, and the command line does not name it': [
        ['vxlan', '--scenario', 'from-flanneld'],
        exitCodes.recipe,
        /this lab needs a flanneld/,
      ],
    };
    for (const [what, [words, code, message]] of Object.entries(table)) {
      test(what, async () => {
        const { exitCode, stdout, stderr } = await runHeddle(['lab', 'run', ...words]);
        assert.deepEqual([exitCode, stdout], [code, ''], stderr);
        assert.match(stderr, message);
      });
    }
  },
);

test('a node starts only a daemon that the lab has', { skip: reasonToSkip() }, async (t) => {
  const named = ['--name', `no-flanneld-${process.pid}`];
  t.after(() => runHeddle(['lab', 'down', ...named]));
  assert.equal((await runHeddle(['lab', 'up', 'host-gw', ...named, '--nodes', '1'])).exitCode, 0);
  assert.equal((await runHeddle(['lab', 'stop', ...named, 'node1'])).exitCode, 0);
  const { exitCode, stderr } = await runHeddle(['lab', 'start', ...named, 'node1', '--with', 'flanneld']);
  assert.equal(exitCode, exitCodes.usage);
  assert.match(stderr, /does not have a flanneld\n.*--flanneld PATH/);
});
