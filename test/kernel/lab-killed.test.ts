import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import {
  firstProcess,
  machineState,
  pidNamespace,
  processesIn,
  processesOfLab,
  runHeddle,
  spawnLab,
  type LabProcess,
} from './lab-harness.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { until } from '../support/until.ts';
import { reasonToSkip } from './harness/needs.ts';

const options = { skip: process.getuid?.() === 0 ? false : 'needs root' };
const recipe = new URL('../../recipes/vxlan.json', import.meta.url).pathname;

/** Moments in the life of a `lab run`, by the progress that announces them. */
const moments: readonly (readonly [string, RegExp | undefined])[] = [
  ['as soon as its first process runs', undefined],
  ['when its underlay stands', /created/],
  ['when the first node is ready', /ready after/],
  ['while pairs are probed', /knows every other/],
  ['while networks are taken down', /taking the networks down/],
];

/** What is killed: the command itself, or a process of the lab by its place on the way in. */
const victims = {
  'the command': (lab: LabProcess) => lab.outer.pid,
  'the lab’s parent process': (_: LabProcess, name: string) =>
    processesOfLab(name).find(({ words }) => words[0] === 'unshare')?.pid,
  'the lab’s first process': (_: LabProcess, name: string) =>
    processesOfLab(name).find(({ words }) => words[0] === 'sh')?.pid,
  'the program in it': (_: LabProcess, name: string) =>
    processesIn(
      pidNamespace(processesOfLab(name).find(({ words }) => words[0] === 'sh')?.pid ?? 0) ?? '',
    ).find(({ words }) => words.some((word) => /inside\/main\.c?js$/.test(word)) && words[0] !== 'sh')?.pid,
} as const;

describe('a lab that is killed leaves nothing', options, () => {
  for (const [when, line] of moments) {
    for (const [victim, find] of Object.entries(victims)) {
      test(`${victim}, ${when}`, async (t) => {
        const before = await machineState();
        const lab = spawnLab(['run', recipe, '--nodes', '2', '--json']);
        t.after(() => lab.outer.kill('SIGKILL'));
        const name = `run-${lab.outer.pid ?? 0}`;
        const namespace = pidNamespace(await firstProcess(name, lab));
        assert.ok(namespace);
        if (line) await lab.until(line);
        const pid = await until(victim, () => find(lab, name));
        process.kill(pid, 'SIGKILL');

        const ended = await lab.ended;
        assert.notEqual(ended, 0);
        assert.equal(lab.stdout(), '');
        assert.doesNotMatch(lab.stderr(), /does not allow this user/);
        if (victim.includes('process'))
          assert.match(lab.stderr(), /was ended from outside: its first process was killed/);
        await until('every process of the lab to be gone', () => processesIn(namespace).length === 0);
        await until('the way into the lab to be gone', () => processesOfLab(name).length === 0);
        assert.deepEqual(await machineState(), before);
      });
    }
  }

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    test(`${signal} to the command ends the lab and says so`, async (t) => {
      const lab = spawnLab(['run', recipe, '--nodes', '2']);
      t.after(() => lab.outer.kill('SIGKILL'));
      const namespace = pidNamespace(await firstProcess(`run-${lab.outer.pid ?? 0}`, lab));
      assert.ok(namespace);
      await lab.until(/created/);
      lab.outer.kill(signal);
      assert.equal(await lab.ended, signal);
      const why = `^heddle: ${signal} ended heddle lab run after \\S+ m?s, while it waited for .*\\n  The lab was interrupted and completely removed\\.$`;
      assert.match(lab.stderr(), new RegExp(why, 'm'));
      assert.deepEqual(processesIn(namespace), []);
    });
  }

  test('`lab up` killed before it is done leaves no lab', async (t) => {
    const name = `killed-${process.pid}`;
    const lab = spawnLab(['up', recipe, '--nodes', '2', '--name', name]);
    t.after(() => runHeddle(['lab', 'down', '--name', name]));
    const namespace = pidNamespace(await firstProcess(name, lab));
    assert.ok(namespace);
    await lab.until(/created/);
    lab.outer.kill('SIGKILL');
    await until('every process of the lab to be gone', () => processesIn(namespace).length === 0);
    assert.equal((await runHeddle(['lab', 'ps', '--name', name])).exitCode, 12);
  });

  test('a lab that is up and whose first process is killed leaves nothing', async (t) => {
    const before = await machineState();
    const name = `orphan-${process.pid}`;
    assert.equal((await runHeddle(['lab', 'up', recipe, '--name', name, '--nodes', '2'])).exitCode, 0);
    t.after(() => runHeddle(['lab', 'down', '--name', name]));
    const first = await firstProcess(name);
    const namespace = pidNamespace(first);
    assert.ok(namespace);
    process.kill(first, 'SIGKILL');
    await until('every process of the lab to be gone', () => processesIn(namespace).length === 0);
    await until('the way into the lab to be gone', () => processesOfLab(name).length === 0);
    assert.deepEqual(await machineState(), before);
  });
});

/** The labs of the longer commands, and the time within which they are killed, in milliseconds. None has ended by then. */
const longer: Readonly<Record<string, readonly [words: readonly string[], withinMs: number]>> = {
  'lab verify': [['verify', recipe, '--underlay', 'switched', '--families', 'IPv4'], 6000],
  'lab run with a scenario on a topology': [
    ['run', recipe, '--scenario', 'daemon-restart', '--topology', 'behind-nat'],
    3000,
  ],
};

describe('a lab that is killed at a moment by chance leaves nothing', options, () => {
  for (const [what, [words, withinMs]] of Object.entries(longer)) {
    // CI repeats the same moment.
    const chance = process.env['CI'] === 'true' ? 0.4 : Math.random();
    const afterMs = Math.round(chance * withinMs);
    test(`${what}, after ${afterMs} ms`, async (t) => {
      const before = await machineState();
      const lab = spawnLab(words);
      t.after(() => lab.outer.kill('SIGKILL'));
      const pid = String(lab.outer.pid ?? 0);
      const name = words[0] === 'verify' ? `verify-${pid}-switched-ipv4` : `run-${pid}`;
      const first = await firstProcess(name, lab);
      const namespace = pidNamespace(first);
      assert.ok(namespace);
      await setTimeout(afterMs);
      // Those that begin later end with their namespace.
      processesIn(namespace);
      process.kill(first, 'SIGKILL');
      assert.notEqual(await lab.ended, 0);
      await until('every process of the lab to be gone', () => processesIn(namespace).length === 0);
      await until('the way into the lab to be gone', () => processesOfLab(name).length === 0);
      assert.deepEqual(await machineState(), before);
    });
  }

  test('lab trace and lab capture, whose lab is killed', { skip: reasonToSkip('tcpdump') }, async (t) => {
    const before = await machineState();
    const name = `watched-${process.pid}`;
    const named = ['--name', name];
    assert.equal((await runHeddle(['lab', 'up', recipe, ...named, '--nodes', '2'])).exitCode, 0);
    t.after(() => runHeddle(['lab', 'down', ...named]));
    const file = join(temporaryDirectory(t), 'node1.pcap');
    const capture = spawnLab(['capture', ...named, 'node1', '-w', file]);
    t.after(() => capture.outer.kill('SIGKILL'));
    await capture.until(/listening on/);
    const trace = spawnLab(['trace', ...named, 'node1-pod', 'node2-pod']);
    t.after(() => trace.outer.kill('SIGKILL'));
    const first = await firstProcess(name);
    const namespace = pidNamespace(first);
    assert.ok(namespace);
    await until('two captures', () => {
      const captures = processesIn(namespace).filter(({ words }) => words.includes('tcpdump'));
      return captures.length > 1;
    });
    process.kill(first, 'SIGKILL');
    await Promise.all([capture.ended, trace.ended]);
    await until('every process of the lab to be gone', () => processesIn(namespace).length === 0);
    await until('the way into the lab to be gone', () => processesOfLab(name).length === 0);
    assert.deepEqual(await machineState(), before);
  });
});
