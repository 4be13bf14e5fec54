import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test, type TestContext } from 'node:test';
import { exitCodes } from '../../src/diagnostic/failure.ts';
import { endBy, listSubcommands, startHeddle, type RunningHeddle } from '../support/ending.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { until } from '../support/until.ts';
import { reasonToSkip } from './harness/needs.ts';
import { firstProcess, pidNamespace, processesIn, processesOfLab, runHeddle } from './lab-harness.ts';

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
async function startHanging(
  t: TestContext,
  verb: 'run' | 'up',
  name: readonly string[],
): Promise<RunningHeddle> {
  const file = recipe(t, { PreStartupCommand: loop });
  return says(startHeddle(t, ['lab', verb, ...name, '--nodes', '1', file]), /starting daemons/);
}

const name = `ending-${process.pid}`;
const named = ['--name', name];

interface Wait {
  readonly command: string;
  readonly what: string;
  readonly start: (t: TestContext) => Promise<RunningHeddle>;
  /** The exit code, or the signal. */
  readonly end: number | NodeJS.Signals;
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
];

const waits: readonly Wait[] = [
  {
    command: 'run',
    what: 'while its nodes start',
    start: (t) => startHanging(t, 'run', []),
    end: 143,
  },
  {
    command: 'up',
    what: 'while its nodes start',
    start: (t) => startHanging(t, 'up', ['--name', `${name}-up`]),
    end: 143,
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
    end: 'SIGTERM' as const,
  })),
];

async function startAsking(t: TestContext, args: readonly string[]): Promise<RunningHeddle> {
  const ran = startHeddle(t, args);
  // Before it is connected it ends in the same way: the moment does not matter.
  await new Promise((resolve) => setTimeout(resolve, 300));
  return ran;
}

const skip = reasonToSkip();

/** Subcommands that ask nobody and wait for nobody: `down` ends the lab's processes, `logs` reads a file. */
const waitless = ['down', 'logs'];

test('each subcommand of heddle lab has a test of its end by a signal', async () => {
  const wanted = (await listSubcommands()).flatMap((words) =>
    words.startsWith('lab ') ? [words.slice(4)] : [],
  );
  assert.deepEqual(new Set([...waits.map(({ command }) => command), ...waitless]), new Set(wanted));
});

describe('SIGTERM ends heddle lab', { skip }, () => {
  let program: number;
  before(async () => {
    const { exitCode, stderr } = await runHeddle(['lab', 'up', ...named, '--nodes', '1', 'host-gw']);
    assert.equal(exitCode, 0, stderr);
    const first = await firstProcess(name);
    const inside = processesIn(pidNamespace(first) ?? '');
    const found = inside.find(
      ({ words }) => words[0] !== 'sh' && words.some((word) => /inside\/main\.c?js$/.test(word)),
    );
    assert.ok(found, JSON.stringify(inside));
    program = found.pid;
    process.kill(program, 'SIGSTOP');
  });
  after(() => runHeddle(['lab', 'down', ...named]));

  for (const { command, what, start, end } of waits) {
    test(`${command} ${what}`, async (t) => {
      const ran = await start(t);
      assert.equal(await endBy(ran, 'SIGTERM'), end, ran.output());
      if (command !== 'run' && command !== 'up') return;
      const labs = [`run-${ran.child.pid ?? 0}`, `${name}-up`, `${name}-watch`];
      await until('the lab to be gone', () => labs.every((lab) => processesOfLab(lab).length === 0));
    });
  }

  test('exec, with the command that it runs', async (t) => {
    process.kill(program, 'SIGCONT');
    const ran = startHeddle(t, ['lab', 'exec', ...named, 'node1', 'sh', '-c', 'echo begun; exec sleep 300']);
    await says(ran, /begun/);
    assert.equal(await endBy(ran, 'SIGTERM'), 143);
    process.kill(program, 'SIGSTOP');
  });

  test('down, which removes a lab that is stopped', async (t) => {
    const end = await endBy(startHeddle(t, ['lab', 'down', ...named]), 'SIGTERM');
    assert.ok(end === 0 || end === 'SIGTERM', String(end));
    const down = await runHeddle(['lab', 'down', ...named]);
    assert.ok(down.exitCode === 0 || down.exitCode === exitCodes['not-running'], down.stderr);
    await until('the lab to be gone', () => processesOfLab(name).length === 0);
  });
});

describe('an add that does not end', { skip }, () => {
  test('is named by lab run, with its time limit', async (t) => {
    const file = recipe(t, { SubnetAddCommand: loop, Timeout: 8 });
    const ran = startHeddle(t, ['lab', 'run', '--nodes', '2', '--timeout', '6', file]);
    assert.notEqual(await ran.ended, 0);
    const wait = String.raw`SubnetAddCommand for 10\.50\.\d+\.0/24 \(\d\.\d s so far, 8\.0 s at most\)`;
    assert.match(ran.output(), new RegExp(`^lab: node\\d waits for ${wait}$`, 'm'));
    // Whichever node came first has nobody to add at its start, and is ready.
    const where = String.raw`(its daemon was not ready within 6 s: it|does not reach the pod of node\d: node\d)`;
    assert.match(ran.output(), new RegExp(`${where} waits for ${wait}`));
  });

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
