import assert from 'node:assert/strict';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { exitCodes } from '../../src/diagnostic/failure.ts';
import { withoutInterface } from '../daemon/interface.ts';
import { endBy, Place, startHeddle } from '../support/ending.ts';
import { until } from '../support/until.ts';
import { reasonToSkip } from './harness/needs.ts';

/** Where a control group that limits processes can be made, by version 1 or 2. */
const [groups] = ['/sys/fs/cgroup/pids', '/sys/fs/cgroup'].filter((directory) => {
  try {
    accessSync(join(directory, 'cgroup.procs'), constants.W_OK);
    return directory.endsWith('pids') || existsSync(join(directory, 'pids.max'));
  } catch {
    return false;
  }
});

/** The words of a program that runs another one in a new control group with so many processes and threads. */
function limitProcesses(t: TestContext, count: number): readonly string[] {
  const group = join(groups ?? '', `heddle-test-${process.pid}-${count}`);
  mkdirSync(group);
  t.after(() => until('the control group to be empty', () => removes(group)));
  writeFileSync(join(group, 'pids.max'), String(count));
  return ['sh', '-c', `echo $$ > ${join(group, 'cgroup.procs')}; exec "$@"`, 'limit'];
}

/** Removes a control group, once the processes are gone that a failed test left in it. */
function removes(group: string): boolean {
  try {
    for (const pid of readFileSync(join(group, 'cgroup.procs'), 'utf8').split('\n'))
      if (pid !== '') process.kill(Number(pid), 'SIGKILL');
    rmdirSync(group);
    return true;
  } catch {
    return false;
  }
}

interface Limit {
  readonly what: string;
  readonly through: (t: TestContext) => readonly string[];
  /** What the log says about the limit; undefined if the daemon has enough for its network. */
  readonly says: RegExp | undefined;
}

const openFiles = (count: number): Limit['through'] => {
  return () => ['prlimit', `--nofile=${count}`];
};

const limits: readonly Limit[] = [
  {
    what: '24 open files',
    through: openFiles(24),
    says: /the limit of 24 open files is reached \(LimitNOFILE=/,
  },
  {
    what: '40 open files',
    through: openFiles(40),
    says: /the limit of 40 open files is reached \(LimitNOFILE=/,
  },
  { what: '100 open files', through: openFiles(100), says: undefined },
  {
    what: '14 processes and threads',
    through: (t) => limitProcesses(t, 14),
    says: /the limit of 14 processes is reached \(TasksMax=|Cannot fork/,
  },
  { what: '40 processes and threads', through: (t) => limitProcesses(t, 40), says: undefined },
];

const withoutGroups = groups === undefined && 'needs a writable control group of processes (pids)';

describe('heddle up with a limit of', { skip: reasonToSkip() || withoutInterface }, () => {
  for (const { what, through, says } of limits) {
    const skip = what.includes('processes') && withoutGroups;
    test(
      `${what} ${says === undefined ? 'converges' : 'says so'}, ends by a signal, and loses nothing`,
      { skip },
      async (t) => {
        const place = new Place(t);
        for (let third = 4; third < 24; third += 1) place.peer(third);
        const up = startHeddle(t, place.up(), {}, through(t));
        const hasEnded = (): boolean => up.child.exitCode !== null || up.child.signalCode !== null;
        const entries = (): readonly string[] =>
          readdirSync(place.state).filter((name) => name === 'device' || name.startsWith('peer-'));

        if (says === undefined) {
          await until('all peers', () => entries().length === 21, up.output);
          assert.equal(await endBy(up, 'SIGTERM'), 0, up.output());
          assert.deepEqual(entries(), []);
          return;
        }
        await until('a word about the limit', () => says.test(up.output()) || hasEnded(), up.output);
        const end = hasEnded() ? await up.ended : await endBy(up, 'SIGTERM');
        assert.match(up.output(), says);
        // A process that has said why it ends may get the signal before its end.
        const isDying = end === 'SIGTERM' && up.output().includes('heddle: heddle cannot go on');
        const codes: readonly unknown[] = [0, exitCodes.command, exitCodes.prerequisite];
        assert.ok(isDying || codes.includes(end), `${end}\n${up.output()}`);
        assert.doesNotMatch(up.output(), /defect|bug in heddle|internal error/);

        const down = startHeddle(t, ['down', '--state-dir', place.state]);
        assert.equal(await down.ended, 0, down.output());
        assert.deepEqual(entries(), []);
      },
    );
  }
});
