import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test, type TestContext } from 'node:test';
import { exitCodes } from '../../src/diagnostic/failure.ts';
import { assertTable } from '../support/ending-table.ts';
import { endBy, startHeddle, untilItWaits, type RunningHeddle } from '../support/ending.ts';
import { followPage } from '../support/page-follower.ts';
import { TemporaryDirectory, temporaryDirectory } from '../support/temporary-directory.ts';
import { until } from '../support/until.ts';
import { reasonToSkip } from './harness/needs.ts';
import {
  firstProcess,
  parentOf,
  pidNamespace,
  processesIn,
  processesOfLab,
  runHeddle,
} from './lab-harness.ts';

/** A recipe without devices: it is ready at once, and needs no kernel module. */
const light = {
  Type: 'extension',
  Overhead: 50,
  SubnetAddCommand: 'ip route replace $SUBNET via $PUBLIC_IP',
  SubnetRemoveCommand: 'ip route del $SUBNET via $PUBLIC_IP',
  CheckCommand: 'ip route | cut -d " " -f 1',
} as const;

const loop = 'while :; do sleep 0.2; done';

/** Writes a recipe with these keys. */
function writeRecipe(file: string, changes: Readonly<Record<string, unknown>> = {}): void {
  writeFileSync(file, JSON.stringify({ Network: '10.50.0.0/16', Backend: { ...light, ...changes } }));
}

function recipe(t: TestContext, changes: Readonly<Record<string, unknown>> = {}): string {
  const file = join(temporaryDirectory(t), 'mine.json');
  writeRecipe(file, changes);
  return file;
}

async function says(ran: RunningHeddle, wanted: RegExp): Promise<RunningHeddle> {
  await until(String(wanted), () => wanted.test(ran.output()), ran.output);
  return ran;
}

/** Starts a lab whose nodes hang in PreStartupCommand. */
async function startHanging(t: TestContext, words: readonly string[]): Promise<RunningHeddle> {
  const file = recipe(t, { PreStartupCommand: loop });
  return says(startHeddle(t, [...words, '--nodes', '1', file]), /starting daemons/);
}

const name = `ending-${process.pid}`;
const named = ['--name', name];

interface Wait {
  readonly command: string;
  readonly what: string;
  readonly start: (t: TestContext) => Promise<RunningHeddle>;
  /** The exit code of a command that handles the signal by itself. Every other one ends by the signal. */
  readonly end?: number;
  /** A part of what a command says that ends by the signal. */
  readonly says?: RegExp;
}

type Start = 'run' | 'up' | 'watch';

/** The words that start a lab in each of the three ways, and its name. */
function startWords(way: Start, state: string): readonly string[] {
  const lab = `${name}-${way}-${state}`;
  const words = { run: ['run'], up: ['up', '--name', lab], watch: ['up', '--watch', '--name', lab] };
  return ['lab', ...words[way]];
}

/** What a lab waits for at its start, for each of the three ways to start one. */
const startStates: Readonly<
  Record<string, (t: TestContext, way: Start, words: readonly string[]) => Promise<RunningHeddle>>
> = {
  'that reads its recipe from a FIFO': (t, _, words) => {
    const fifo = join(temporaryDirectory(t), 'recipe.json');
    execFileSync('mkfifo', [fifo]);
    return startAsking(t, [...words, fifo]);
  },
  'while its nodes start': (t, _, words) => startHanging(t, words),
  'whose lab is stopped': async (t, way, words) => {
    const ran = await startHanging(t, words);
    const first = await firstProcess(nameOf(way, words, ran));
    const inside = processesIn(pidNamespace(first) ?? '').map(({ pid }) => pid);
    // All of the lab, and the parent of its first process, which waits for its end.
    const stopped = [parentOf(first), ...inside];
    for (const pid of stopped) process.kill(pid, 'SIGSTOP');
    t.after(() => endAll(stopped));
    return ran;
  },
  'whose etcd hangs': async (t, way, words) => {
    const programs = temporaryDirectory(t);
    writeFileSync(join(programs, 'etcd'), '#!/bin/sh\nexec sleep 300\n', { mode: 0o755 });
    const PATH = `${programs}:${process.env['PATH'] ?? ''}`;
    const args = [...words, '--nodes', '1', '--store', 'etcd', recipe(t)];
    const ran = startHeddle(t, args, { PATH });
    const first = await firstProcess(nameOf(way, words, ran));
    // etcd itself is in a PID namespace of its host's own. Before it begins, the lab ends in the same way.
    await until('the host of etcd', () => {
      const inside = processesIn(pidNamespace(first) ?? '');
      return inside.some(({ words }) => words.includes('heddle-host') && words.includes('etcd'));
    });
    return ran;
  },
};

/** A part of what is said when a signal ends each of them. */
const startWaits: Readonly<Record<string, RegExp>> = {
  'that reads its recipe from a FIFO': /while it waited for \/.*\/recipe\.json\n/,
  'while its nodes start': /while it waited for 1 of 1 node to be ready/,
  'whose lab is stopped': /while it waited for 1 of 1 node to be ready/,
  'whose etcd hangs': /while it waited for its underlay and its store\n/,
};

/** The name of the lab that was started with these words. */
function nameOf(way: Start, words: readonly string[], { child }: RunningHeddle): string {
  return way === 'run' ? `run-${child.pid ?? 0}` : (words.at(-1) ?? '');
}

/** Kills processes that may have ended already. */
function endAll(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGCONT');
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended.
    }
  }
}

/** Commands that ask a lab whose program is stopped. */
const asking: readonly (readonly string[])[] = [
  ['ps'],
  ['exec', 'node1', 'true'],
  ['stop', 'node1'],
  ['kill', 'node1'],
  ['start', 'node1'],
  ['cut', 'node1'],
  ['join', 'node1'],
  ['impair', 'node1'],
  ['trace', 'node1', 'node1-pod'],
  ['capture', 'node1'],
];

const waits: readonly Wait[] = [
  ...Object.entries(startStates).flatMap(([what, start], index) =>
    (['run', 'up', 'watch'] as const).map((way): Wait => {
      const words = startWords(way, String(index));
      const suffix = way === 'watch' ? ', with --watch' : '';
      return {
        command: way === 'watch' ? 'up' : way,
        what: `${what}${suffix}`,
        start: (t) => start(t, way, words),
        says: startWaits[what] ?? /./,
      };
    }),
  ),
  {
    command: 'run',
    what: 'whose nodes hang in ShutdownCommand',
    start: (t) =>
      says(
        startHeddle(t, ['lab', 'run', '--nodes', '1', recipe(t, { ShutdownCommand: loop })]),
        /taking the networks down/,
      ),
    says: /while it waited for the networks of its nodes to be taken down\n/,
  },
  {
    command: 'run',
    what: 'that reads its scenario from a FIFO',
    start: (t) => {
      const fifo = join(temporaryDirectory(t), 'scenario.json');
      execFileSync('mkfifo', [fifo]);
      return startAsking(t, ['lab', 'run', recipe(t), '--scenario', fifo]);
    },
    says: /while it waited for \/.*\/scenario\.json\n/,
  },
  {
    command: 'run',
    what: 'whose scenario waits',
    start: (t) => {
      const file = join(temporaryDirectory(t), 'scenario.json');
      writeFileSync(file, JSON.stringify({ Lab: { Nodes: 1 }, Steps: [{ Pause: 300 }] }));
      const args = ['lab', 'run', recipe(t), '--scenario', file];
      return says(startHeddle(t, args), /step 1 of 1: pause for 300 s/);
    },
    says: /while it waited for step 1 of 1 \(pause for 300 s\)\n/,
  },
  {
    command: 'verify',
    what: 'while its nodes start',
    start: (t) => {
      const lone = ['--underlay', 'switched', '--families', 'IPv4'];
      return says(
        startHeddle(t, ['lab', 'verify', ...lone, recipe(t)]),
        /^verify: switched IPv4: starting$/m,
      );
    },
    says: /while it waited for (?:the nodes of a lab|the promise \w+) \(switched IPv4\)\n/,
  },
  {
    command: 'up',
    what: 'that applies a saved recipe whose SubnetAddCommand hangs',
    start: async (t) => {
      const file = recipe(t);
      const ran = startHeddle(t, ['lab', 'up', '--watch', '--name', `${name}-save`, '--nodes', '2', file]);
      await says(ran, /Ctrl-C ends the lab/);
      writeRecipe(file, { SubnetAddCommand: loop });
      return says(ran, /^lab: node\d waits for SubnetAddCommand for 10\.50\.\d+\.0\/24 \(/m);
    },
    end: 0,
  },
  {
    command: 'run',
    what: 'that looks into its nodes for a report',
    start: async (t) => {
      const report = join(temporaryDirectory(t), 'report.html');
      const args = ['lab', 'run', '--nodes', '1', recipe(t), '--report', report];
      const ran = startHeddle(t, args, { PATH: pathWithHanging(t, 'wg') });
      await says(ran, /looking into the nodes/);
      await untilLookHangs(`run-${ran.child.pid ?? 0}`);
      return ran;
    },
    says: /while it waited for the page of its report\n/,
  },
  { command: 'up', what: 'that serves a page', start: (t) => startPage(t, 'page'), end: 0 },
  {
    command: 'up',
    what: 'that serves a page which a browser follows',
    start: async (t) => {
      const ran = await startPage(t, 'page-seen');
      await followPage(t, pageOf(ran));
      return ran;
    },
    end: 0,
  },
  {
    command: 'up',
    what: 'that serves a page which a browser follows, of a lab which is stopped',
    start: async (t) => {
      const ran = await startPage(t, 'page-stopped');
      await followPage(t, pageOf(ran));
      const first = await firstProcess(`${name}-page-stopped`);
      const stopped = processesIn(pidNamespace(first) ?? '').map(({ pid }) => pid);
      for (const pid of stopped) process.kill(pid, 'SIGSTOP');
      t.after(() => endAll(stopped));
      await untilItWaits(ran);
      return ran;
    },
    end: 0,
  },
  {
    command: 'up',
    what: 'that serves a page which a browser follows, whose look into a node hangs',
    start: async (t) => {
      const ran = await startPage(t, 'page-hangs', { PATH: pathWithHanging(t, 'wg') });
      await followPage(t, pageOf(ran));
      await untilLookHangs(`${name}-page-hangs`);
      return ran;
    },
    end: 0,
  },
  {
    command: 'up',
    what: 'that watches its recipe',
    start: (t) => {
      const args = ['lab', 'up', '--watch', '--name', `${name}-watch`, '--nodes', '1', recipe(t)];
      return says(startHeddle(t, args), /Ctrl-C ends the lab/);
    },
    end: 0,
  },
  ...asking.map(([verb = '', ...words]) => ({
    command: verb,
    what: 'that asks a lab which is stopped',
    start: (t: TestContext) => startAsking(t, ['lab', verb, ...named, ...words]),
    says: /while it waited for (?:the answer of the lab ending-\d+ about its (?:nodes|links)|the lab ending-\d+ to \w+ node1)\n/,
  })),
];

/** Starts a lab with a page. The lab ends with the test. */
async function startPage(
  t: TestContext,
  suffix: string,
  environment: NodeJS.ProcessEnv = {},
): Promise<RunningHeddle> {
  const lab = `${name}-${suffix}`;
  const args = ['lab', 'up', '--page', '--name', lab, '--nodes', '2', recipe(t)];
  t.after(() => runHeddle(['lab', 'down', '--name', lab]));
  return says(startHeddle(t, args, environment), /The page of the lab: \S+\n/);
}

function pageOf(ran: RunningHeddle): string {
  return /The page of the lab: (\S+)/.exec(ran.output())?.[1] ?? '';
}

/** The argument of a program that does not end. */
const hangingSeconds = '297';

/** A PATH with a program that does not end. */
function pathWithHanging(t: TestContext, program: string): string {
  const programs = temporaryDirectory(t);
  const file = join(programs, program);
  writeFileSync(file, `#!/bin/sh\nexec sleep ${hangingSeconds}\n`, { mode: 0o755 });
  return `${programs}:${process.env['PATH'] ?? ''}`;
}

async function untilLookHangs(lab: string): Promise<void> {
  const inside = pidNamespace(await firstProcess(lab)) ?? '';
  await until('the program that does not end', () =>
    processesIn(inside).some(({ words }) => words.includes(hangingSeconds)),
  );
}

/** The labs that `waits` start under names of their own. */
const ownLabs = [
  ...['watch', 'save'].map((suffix) => `${name}-${suffix}`),
  ...Object.keys(startStates).flatMap((_, index) =>
    (['up', 'watch'] as const).map((way) => startWords(way, String(index)).at(-1) ?? ''),
  ),
];

/** What waits for a command of a node, with what the log of its daemon says then. */
const slowNodeWaits = [
  {
    command: 'start',
    what: 'that waits for a daemon whose PreStartupCommand hangs',
    node: 'node1',
    isReached: /"pre-startup"[^]*"pre-startup"/,
  },
  {
    command: 'stop',
    what: 'that waits for a daemon whose ShutdownCommand hangs',
    node: 'node2',
    isReached: /"stopping"/,
  },
] as const;

/** The argument of the processes of `lab exec` that none may leave. */
const orphanSeconds = '299';

const wait = `sleep ${orphanSeconds} & wait`;
const deaf = `trap '' TERM; echo begun; ${wait}`;

/** Commands of `lab exec`, and how each ends by a signal. */
const execEnds = [
  ['SIGTERM', 'one that ends', `echo begun; exec sleep ${orphanSeconds}`, 'has ended'],
  ['SIGINT', 'one that ends', `echo begun; exec sleep ${orphanSeconds}`, 'has ended'],
  ['SIGHUP', 'one that ends', `echo begun; exec sleep ${orphanSeconds}`, 'has ended'],
  ['SIGTERM', 'one that does not end', deaf, 'did not end within 1 s and was killed'],
  ['SIGTERM', 'one with a handler', `trap 'echo got it; exit 3' TERM; echo begun; ${wait}`, 'has ended'],
  [
    'SIGINT',
    'one with a handler whose child does not end',
    // A shell lets what runs in the background ignore SIGINT.
    `trap 'echo got it; exit 3' INT; echo begun; ${wait}`,
    'has ended, but not its child processes, which were killed after 1 s',
  ],
] as const;

/** What has a test of its own below. */
const otherWaits = [
  { command: 'logs', what: 'of a lab which is stopped, or it has ended by itself' },
  { command: 'exec', what: 'with the command that it runs' },
  { command: 'down', what: 'that removes a lab which is stopped' },
  { command: 'capture', what: 'while it captures' },
] as const;

async function startAsking(t: TestContext, args: readonly string[]): Promise<RunningHeddle> {
  const ran = startHeddle(t, args);
  await untilItWaits(ran);
  return ran;
}

const skip = reasonToSkip();

test('each state in which a subcommand of heddle lab waits has a test of its end by a signal', async () => {
  await assertTable('lab', [...waits, ...slowNodeWaits, ...otherWaits]);
});

describe('SIGTERM ends heddle lab', { skip }, () => {
  let program: number;
  let firstPid: number;
  before(async () => {
    const { exitCode, stderr } = await runHeddle(['lab', 'up', ...named, '--nodes', '1', 'host-gw']);
    assert.equal(exitCode, 0, stderr);
    firstPid = await firstProcess(name);
    const inside = processesIn(pidNamespace(firstPid) ?? '');
    const found = inside.find(
      ({ words }) => words[0] !== 'sh' && words.some((word) => /inside\/main\.c?js$/.test(word)),
    );
    assert.ok(found, JSON.stringify(inside));
    program = found.pid;
    process.kill(program, 'SIGSTOP');
  });
  after(() => runHeddle(['lab', 'down', ...named]));

  for (const { command, what, start, end, says: wanted = /./ } of waits) {
    test(`${command} ${what}`, async (t) => {
      const ran = await start(t);
      assert.equal(await endBy(ran, 'SIGTERM'), end ?? 'SIGTERM', ran.output());
      if (end === undefined) {
        await says(ran, wanted);
        assert.match(ran.output(), new RegExp(`^heddle: SIGTERM ended heddle lab ${command} after \\d`, 'm'));
      }
      if (!['run', 'up', 'verify'].includes(command)) return;
      const pid = String(ran.child.pid ?? 0);
      const labs = [`run-${pid}`, `verify-${pid}-switched-ipv4`, ...ownLabs];
      await until('the lab to be gone', () => labs.every((lab) => processesOfLab(lab).length === 0));
    });
  }

  test(`logs ${otherWaits[0].what}`, async (t) => {
    const end = await endBy(startHeddle(t, ['lab', 'logs', ...named, 'node1']), 'SIGTERM');
    assert.ok(end === 0 || end === 'SIGTERM', String(end));
  });

  for (const [signal, what, script, how] of execEnds) {
    test(`exec ${otherWaits[1].what}, and passes ${signal} on: ${what}`, async (t) => {
      process.kill(program, 'SIGCONT');
      t.after(() => process.kill(program, 'SIGSTOP'));
      const ran = startHeddle(t, ['lab', 'exec', ...named, 'node1', '--', 'sh', '-c', script]);
      await says(ran, /begun/);
      assert.equal(await endBy(ran, signal), signal);
      const ended = `${signal} ended heddle lab exec after \\S+ m?s, while it waited for sh in node1 of the lab ${name}`;
      const passed = `${signal} was passed to the command, which ${how}`;
      await says(ran, new RegExp(`^heddle: ${ended}\\n  ${passed}\\.$`, 'm'));
      if (what.includes('handler')) await says(ran, /^got it$/m);
      const left = processesIn(pidNamespace(firstPid) ?? '').flatMap(({ words }) => words.join(' '));
      assert.deepEqual(
        left.filter((words) => words.includes(orphanSeconds)),
        [],
        ran.output(),
      );
    });
  }

  test('exec hands on the exit code of a command, also of one that a signal ended', async () => {
    process.kill(program, 'SIGCONT');
    const end = async (...words: readonly string[]): Promise<number> =>
      (await runHeddle(['lab', 'exec', ...named, ...words])).exitCode ?? -1;
    assert.equal(await end('node1', 'sh', '-c', 'exit 7'), 7);
    assert.equal(await end('node1-pod', 'sh', '-c', 'kill -KILL $$'), 137);
    assert.equal(await end('underlay', 'no-such-loom'), 127);
    const { stderr } = await runHeddle(['lab', 'exec', ...named, 'node1', 'sh', '-c', 'echo x >&2; kill $$']);
    assert.equal(stderr, 'x');
    process.kill(program, 'SIGSTOP');
  });

  test('exec ends its command when it is killed itself', async (t) => {
    process.kill(program, 'SIGCONT');
    t.after(() => process.kill(program, 'SIGSTOP'));
    const ran = startHeddle(t, ['lab', 'exec', ...named, 'node1', '--', 'sh', '-c', execEnds[0][2]]);
    await says(ran, /begun/);
    assert.equal(await endBy(ran, 'SIGKILL'), 'SIGKILL');
    await until('the command to be gone', () =>
      processesIn(pidNamespace(firstPid) ?? '').every(({ words }) => !words.includes(orphanSeconds)),
    );
  });

  test(`capture ${otherWaits[3].what}`, { skip: reasonToSkip('tcpdump') }, async (t) => {
    process.kill(program, 'SIGCONT');
    const file = join(temporaryDirectory(t), 'node1.pcap');
    const ran = startHeddle(t, ['lab', 'capture', ...named, 'node1', '-w', file]);
    await says(ran, /listening on any/);
    assert.equal(await endBy(ran, 'SIGTERM'), 0);
    // It waits for the end of tcpdump, which writes the rest of the capture.
    const inside = processesIn(pidNamespace(await firstProcess(name)) ?? '');
    assert.ok(!inside.some(({ words }) => words.includes('tcpdump')), JSON.stringify(inside));
    assert.equal(readFileSync(file).readUInt32LE(0), 0xa1b2c3d4);
    process.kill(program, 'SIGSTOP');
  });

  test(`down ${otherWaits[2].what}`, async (t) => {
    const end = await endBy(startHeddle(t, ['lab', 'down', ...named]), 'SIGTERM');
    assert.ok(end === 0 || end === 'SIGTERM', String(end));
    const down = await runHeddle(['lab', 'down', ...named]);
    assert.ok(down.exitCode === 0 || down.exitCode === exitCodes['not-running'], down.stderr);
    await until('the lab to be gone', () => processesOfLab(name).length === 0);
  });
});

describe('SIGTERM ends a command that waits for a node', { skip }, () => {
  const slow = ['--name', `${name}-slow`];
  const directory = new TemporaryDirectory();
  before(async () => {
    const file = join(directory.path, 'slow.json');
    writeRecipe(file, {
      PreStartupCommand: `test ! -e again || ${loop}; touch again`,
      ShutdownCommand: loop,
    });
    const { exitCode, stderr } = await runHeddle(['lab', 'up', ...slow, '--nodes', '2', file]);
    assert.equal(exitCode, 0, stderr);
  });
  after(async () => {
    await runHeddle(['lab', 'down', ...slow]);
    directory.remove();
  });

  for (const { command, what, node, isReached } of slowNodeWaits) {
    test(`${command} ${what}`, async (t) => {
      if (command === 'start') await runHeddle(['lab', 'kill', ...slow, node]);
      const ran = startHeddle(t, ['lab', command, ...slow, node]);
      await until('the command to run in the node', async () => {
        return isReached.test((await runHeddle(['lab', 'logs', ...slow, node, '--raw'])).stdout);
      });
      assert.equal(await endBy(ran, 'SIGTERM'), 'SIGTERM');
    });
  }
});

describe('a command that does not end', { skip }, () => {
  test('is named by lab run, with its time limit', async (t) => {
    const file = recipe(t, { SubnetAddCommand: loop, Timeout: 14 });
    const ran = startHeddle(t, ['lab', 'run', '--nodes', '2', '--timeout', '9', file]);
    assert.notEqual(await ran.ended, 0);
    const wait = String.raw`SubnetAddCommand for 10\.50\.\d+\.0/24 \(\d\.\d s so far, 14\.0 s at most\)`;
    assert.match(ran.output(), new RegExp(`^lab: node\\d waits for ${wait}$`, 'm'));
    // Whichever node came first has nobody to add at its start, and is ready.
    const where = String.raw`(its daemon was not ready within 9 s: it|does not reach the pod of node\d: node\d)`;
    assert.match(ran.output(), new RegExp(`${where} waits for ${wait}`));
  });

  for (const [command, nodes, seconds] of [
    ['PreStartupCommand', 1, 3],
    ['SubnetAddCommand', 2, 4],
  ] as const) {
    test(`is named by a lab run that gives up before its log names it: ${command}`, async (t) => {
      const file = recipe(t, { [command]: loop, Timeout: 5 });
      const ran = startHeddle(t, [
        'lab',
        'run',
        '--nodes',
        String(nodes),
        '--timeout',
        String(seconds),
        file,
      ]);
      assert.notEqual(await ran.ended, 0);
      const wait = String.raw`${command}( for 10\.50\.\d+\.0/24)? \(\d\.\d s so far, 5\.0 s at most\)`;
      const where = String.raw`(its daemon was not ready within ${seconds} s: it|does not reach the pod of node\d: node\d)`;
      assert.match(ran.output(), new RegExp(`${where} waits for ${wait}`));
    });
  }

  test('is named by lab up --watch after a save; lab down elsewhere ends that, and it says so', async (t) => {
    const file = recipe(t);
    const lab = `${name}-author`;
    const ran = startHeddle(t, ['lab', 'up', '--watch', '--name', lab, '--nodes', '2', file]);
    await says(ran, /Ctrl-C ends the lab/);
    writeRecipe(file, { SubnetAddCommand: loop });
    await says(ran, /^lab: node\d waits for SubnetAddCommand for 10\.50\.\d+\.0\/24 \(/m);
    assert.equal((await runHeddle(['lab', 'down', '--name', lab])).exitCode, 0);
    assert.equal(await ran.ended, exitCodes['lab-failed']);
    assert.match(ran.output(), /^heddle: the lab \S+ was ended from outside: its first process was killed$/m);
    assert.match(ran.output(), /heddle lab down does this/);
    assert.doesNotMatch(ran.output(), /namespaces/);
  });
});
