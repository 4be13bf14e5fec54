import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { exitCodes } from '../../src/diagnostic/failure.ts';
import type { ScenarioReport } from '../../src/lab/report/scenario-report.ts';
import { assertOutput } from '../support/output-schema.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { reasonToSkip } from './harness/needs.ts';
import { skip as noApiServer } from './kubernetes/kube-api-server.ts';
import { machineState, runHeddle } from './lab-harness.ts';

const shipped = readdirSync(new URL('../../scenarios/', import.meta.url))
  // test/kernel/lab-flanneld.test.ts runs the scenario that needs a flanneld.
  .filter((file) => !file.endsWith('.schema.json') && file !== 'from-flanneld.json')
  .map((file) => file.replace(/\.json$/, ''));

/** The reason why a shipped scenario cannot run on this machine. */
function skipOf(name: string): string | false {
  if (name === 'apiserver-outage') return reasonToSkip('etcd') || noApiServer;
  return name === 'etcd-outage' ? reasonToSkip('etcd') : reasonToSkip();
}

interface Played {
  readonly exitCode: number | undefined;
  readonly report: ScenarioReport;
  readonly stderr: string;
}

async function play(scenario: string, words: readonly string[] = []): Promise<Played> {
  const args = ['lab', 'run', 'vxlan', '--scenario', scenario, ...words, '--timeout', '50', '--json'];
  const { exitCode, stdout, stderr } = await runHeddle(args, { seconds: 120 });
  assert.notEqual(stdout, '', stderr);
  return { exitCode, report: assertOutput('lab run --scenario', stdout) as ScenarioReport, stderr };
}

function write(t: TestContext, steps: readonly object[], lab: object = { Nodes: 2 }): string {
  const file = join(temporaryDirectory(t), 'mine.json');
  writeFileSync(file, JSON.stringify({ Lab: lab, Steps: steps }, undefined, 2));
  return file;
}

describe('the shipped scenario', { concurrency: 2 }, () => {
  for (const name of shipped) {
    test(`${name} passes`, { skip: skipOf(name) }, async () => {
      const { exitCode, report, stderr } = await play(name);
      assert.deepEqual([exitCode, report.reasons], [0, []], stderr);
      assert.ok(report.steps.every(({ outcome }) => outcome === 'done'));
    });
  }
});

describe('lab run --scenario', { skip: reasonToSkip() }, () => {
  test('stops at the step that fails, names it with its line, and leaves nothing', async (t) => {
    const before = await machineState();
    const file = write(t, [
      { Kill: 'node2' },
      { Expect: { States: { node2: 'running' }, Entries: { In: 'node1', Has: ['link flannel.9'] } } },
      { Start: 'node2' },
    ]);
    const { exitCode, report } = await play(file);
    assert.equal(exitCode, exitCodes['lab-failed']);
    assert.deepEqual(
      report.steps.map(({ outcome }) => outcome),
      ['done', 'failed', 'skipped'],
    );
    assert.match(
      report.steps[1]?.note ?? '',
      /node2 is ended, not running.*node1 does not have link flannel\.9/,
    );
    assert.equal(report.steps[1]?.line, 9);
    assert.deepEqual(report.leftovers, []);
    assert.deepEqual(await machineState(), before);
  });

  test('fails when a command fails, with its output, and when one that must fail does not', async (t) => {
    const fails = write(t, [{ Run: { In: 'node1-pod', Command: 'echo lost thread >&2; exit 3' } }], {
      Nodes: 1,
    });
    const { exitCode, report } = await play(fails);
    assert.equal(exitCode, exitCodes['lab-failed']);
    assert.deepEqual(
      [report.steps[0]?.note, report.steps[0]?.detail],
      ['the command exited with status 3', 'lost thread'],
    );
    const works = write(
      t,
      [
        { Run: { In: 'underlay', Command: 'false', Fails: true } },
        { Run: { In: 'node1', Command: 'ping -c 1 -W 1 ${node1.pod}', Fails: true } },
      ],
      { Nodes: 1 },
    );
    const second = await play(works);
    assert.deepEqual(
      second.report.steps.map(({ outcome, note }) => [outcome, note]),
      [
        ['done', null],
        ['failed', 'the command did not fail'],
      ],
    );
  });

  test('counts the packets that are lost', async (t) => {
    const pair = { From: 'node1', To: 'node2' };
    const file = write(t, [
      { Ping: pair },
      { Cut: 'node2' },
      { Pause: 1 },
      { Join: 'node2' },
      { Wait: { Reach: 'all' } },
      { Expect: { Lost: { ...pair, AtMost: 1000 } } },
      { Expect: { Lost: { ...pair, AtMost: 0 } } },
    ]);
    const { report } = await play(file);
    assert.deepEqual(
      report.steps.map(({ outcome }) => outcome),
      ['done', 'done', 'done', 'done', 'done', 'done', 'failed'],
    );
    assert.match(report.steps[6]?.note ?? '', /^[1-9]\d* of \d+ packets lost$/);
  });

  test('works with leases in etcd', { skip: reasonToSkip('etcd') }, async () => {
    const { exitCode, report, stderr } = await play('forgotten-peer', ['--store', 'etcd', '--nodes', '2']);
    assert.deepEqual([exitCode, report.reasons], [0, []], stderr);
    assert.equal(report.nodes.length, 2);
  });
});

describe('a scenario with a topology file', { skip: reasonToSkip() }, () => {
  /** Names that `ip` has as words of its own. */
  const topology = {
    Segments: { t: {}, a: {} },
    Nodes: { dev: { Links: [{ Segment: 't' }] }, up: { Links: [{ Segment: 'a' }] } },
    Routers: { m: { Links: [{ Segment: 't' }, { Segment: 'a' }] } },
  };

  test('uses its names, and changes its links', async (t) => {
    const Reach = [['dev', 'up']];
    const file = write(
      t,
      [
        { Expect: { Reach: 'all' } },
        { Run: { In: 'm', Command: 'ip route get ${up.publicIp}' } },
        { Impair: { Link: 'm:eth1', Loss: '100%', MTU: 1450 } },
        { Expect: { Unreachable: Reach, Entries: { In: 'm', Has: ['link eth1 mtu 1450'] } } },
        { Impair: { Link: 'm', Clear: true } },
        { Expect: { Reach, Entries: { In: 'm', Lacks: ['link eth1 mtu 1450'] } } },
        // The end of the lab restores what a scenario leaves, so that it does not count as left behind.
        { Impair: { Link: 'dev', MTU: 1400, Loss: '1%' } },
      ],
      { Topology: 'sites.json' },
    );
    writeFileSync(join(dirname(file), 'sites.json'), JSON.stringify(topology));
    const { exitCode, report, stderr } = await play(file);
    assert.deepEqual([exitCode, report.reasons], [0, []], stderr);
    assert.deepEqual(
      report.nodes.map(({ name }) => name),
      ['dev', 'up'],
    );
  });

  test('is refused if its limits do not fit the underlay, or its recipe is not that of every node', async (t) => {
    const small = write(t, [{ Impair: { Link: 'dev', MTU: 1000 } }], { Topology: 'sites.json' });
    const place = join(dirname(small), 'sites.json');
    writeFileSync(place, JSON.stringify(topology));
    const run = (recipe: string, file: string): ReturnType<typeof runHeddle> =>
      runHeddle(['lab', 'run', recipe, '--scenario', file]);
    const vxlan = JSON.parse(readFileSync('recipes/vxlan.json', 'utf8')) as object;
    const dual = join(dirname(small), 'dual.json');
    writeFileSync(dual, JSON.stringify({ ...vxlan, EnableIPv6: true, IPv6Network: 'fd00:50::/48' }));
    const first = await run(dual, small);
    assert.deepEqual([first.exitCode, first.stdout], [exitCodes.usage, '']);
    assert.match(first.stderr, /the link dev:eth0 has IPv6, which needs an MTU of 1280 at least/);
    const change = write(t, [{ ChangeRecipe: { SubnetLen: 25 } }], { Topology: place });
    const nodes = { ...topology.Nodes, up: { ...topology.Nodes.up, Recipe: 'host-gw' } };
    writeFileSync(place, JSON.stringify({ ...topology, Nodes: nodes }));
    const second = await run('vxlan', change);
    assert.deepEqual([second.exitCode, second.stdout], [exitCodes.recipe, '']);
    assert.match(second.stderr, /line 6 of the scenario changes the recipe .* up has a recipe of its own/);
  });
});

describe('a scenario is refused before anything starts', () => {
  const refuse = async (file: string, words: readonly string[] = []): Promise<string> => {
    const { exitCode, stdout, stderr } = await runHeddle([
      'lab',
      'run',
      'vxlan',
      '--scenario',
      file,
      ...words,
    ]);
    assert.deepEqual([exitCode, stdout], [exitCodes.recipe, ''], stderr);
    return stderr;
  };

  test('with the place, and a suggestion', async (t) => {
    const file = write(t, [{ Kil: 'node1' }, { Kill: 'node7' }]);
    const stderr = await refuse(file);
    assert.match(stderr, /the scenario \S+ was refused: 2 errors/);
    assert.match(stderr, /mine\.json:7:7 error\[unknown-key\]: .*\n.*\n.*\n {2}hint: did you mean `Kill`\?/);
    assert.match(stderr, /mine\.json:10:15 error\[unknown-choice\]/);
  });

  test('if a node that the command line leaves out is named', async () => {
    assert.match(await refuse('daemon-restart', ['--nodes', '2']), /does not have a host `node3`/);
  });

  test('if it does not exist', async () => {
    assert.match(await refuse('none'), /cannot be read: .*daemon-restart/s);
  });

  test('if a recipe that it changes to is wrong', async (t) => {
    const file = write(t, [{ ChangeRecipe: { Backend: { Timeout: 0 } } }]);
    assert.match(await refuse(file), /changed by line 6 of the scenario.*Timeout/s);
    const other = write(t, [{ ChangeRecipe: 'other.json' }]);
    assert.match(await refuse(other), /the recipe \S+other\.json cannot be read/);
  });
});
