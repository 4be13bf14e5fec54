import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { createOneShotShell } from '../../../src/shell/one-shot-shell.ts';
import type { Job, Outcome, Shell } from '../../../src/shell/shell.ts';
import { createWorkerPool, type WorkerPoolOptions } from '../../../src/shell/pool/worker-pool.ts';
import { startModule } from '../../host/child-module.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { jobOf } from '../command.ts';
import { shellPrograms } from '../implementations.ts';
import { isAlive, readPids, untilGone } from '../process.ts';
import { until } from '../../support/until.ts';

/** All that a job can see of where it runs. Whatever ran before, it must be the same. */
const look = `
  set; export -p; alias; trap; umask; ulimit -a; pwd; echo "$0 $# $?"; cat
  for fd in 0 1 2 3 4 5 6 7 8; do (: >&$fd) 2>/dev/null && echo "open $fd"; done
  type read; type echo; type export; type unset; echo done >&2; exit 3`;

/** What a job may do to the shell that it runs in, each to be followed by a job that must not notice. */
const misdeeds: Record<string, string> = {
  exit: 'exit 9',
  'exec another program': 'exec true',
  'exec nothing that exists': 'exec /no/such/program',
  'close stdout': 'exec >&-; echo lost',
  'close everything': 'exec <&- >&- 2>&-; for fd in 3 4 5 6 7 8 9; do eval "exec $fd<&-"; done',
  'replace everything': 'for fd in 0 1 2 3 4 5 6 7 8 9; do eval "exec $fd</dev/null"; done; read line',
  'set -e': 'set -e; false',
  'set -u': 'set -u; echo "$no_such_variable"',
  'set -f': 'set -f',
  'set -x': 'set -x; true',
  'set -C, -a, -n': 'set -C; set -a; new=1; set -n; exit 5',
  'positional parameters': 'set -- a b c; shift',
  'ignore signals': "trap '' HUP INT TERM PIPE; trap 'echo trapped' EXIT USR1",
  'change directory': 'cd /tmp; cd -; cd ..',
  umask: 'umask 000',
  'limit itself': 'ulimit -n 10; ulimit -t 1; ulimit -f 0; echo too much',
  'define functions':
    'echo() { :; }; read() { return 1; }; unset_() { :; }; heddle_line() { exit; }; type echo',
  'define aliases': 'alias echo=false read=false exec=false unset=false export=false while=false',
  'spoil variables': 'IFS=abc; unset PATH; PS4=x; OPTIND=7; export LATER=1; readonly KEPT=2 PATH=/; KEPT=3',
  'loop control outside of a loop': 'break; continue 5; echo on; return 4',
  'a syntax error': 'echo fine; )',
  'an unfinished text': 'cat <<EOF\nif true; then "',
  'an eval of nonsense': "eval 'if ) ('",
  'read what it finds': 'cat; for fd in 3 4 5 6 7 8; do cat <&$fd; done 2>/dev/null',
  'write to what it finds': 'for fd in 0 1 2 3 4 5 6 7 8 9; do echo "=0" >&$fd; done 2>/dev/null',
  "write to the worker's descriptors":
    'for file in /proc/$$/fd/*; do echo "exit 7" >"$file"; done 2>/dev/null',
  "read from the worker's descriptors": 'for n in 0 1 2 6 7 8; do cat "/proc/$$/fd/$n"; done 2>/dev/null',
  'print what looks like a status': "printf '\\n=0\\n=1\\n'; printf 'Killed\\n=137\\n' >&2",
  'print bytes': 'head -c 100000 /dev/urandom; head -c 100000 /dev/urandom >&2',
  'print megabytes': 'head -c 5000000 /dev/zero; head -c 5000000 /dev/zero >&2',
  'print no last newline': 'printf x; printf y >&2',
  'leave a child': 'sleep 1000 & echo $!',
  'leave a child that holds nothing':
    'for fd in 3 4 5 6 7 8 9; do eval "exec $fd<&-"; done; sleep 1000 </dev/null >/dev/null 2>&1 & echo $!',
  'leave a child that writes': '{ while :; do echo noise; echo noise >&2; sleep 0.01; done; } & echo $!',
  'leave a child that floods': '{ while :; do echo noise; done; } & echo $!',
  'leave a child that kills the worker': '{ sleep 0.05; kill -KILL $$; } & echo $!',
  'kill the worker': 'kill $$; sleep 10',
  'kill the worker for sure': 'kill -KILL $$',
  'kill its group': 'kill 0; sleep 10',
  'kill its group for sure': 'kill -KILL 0; sleep 10',
  'hang up': 'kill -HUP $$; sleep 10',
  'be killed': "exec sh -c 'kill -KILL $$'",
};

/** Those after which a worker is as good as new. */
const harmless = Object.keys(misdeeds).filter((name) => !/leave|kill the|kill its|hang up/.test(name));

const environment = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', ODD: ` "$x" 'é'\\ \n\n=a\t` };

function openPool(t: TestContext, options: WorkerPoolOptions): Shell {
  const pool = createWorkerPool(options);
  t.after(() => pool.close());
  return pool;
}

function ran(outcome: Outcome): Exclude<Outcome, { kind: 'unstartable' }> {
  assert.notEqual(outcome.kind, 'unstartable', JSON.stringify(outcome));
  return outcome as Exclude<Outcome, { kind: 'unstartable' }>;
}

/** What of an outcome does not depend on the time. */
function essence(outcome: Outcome): unknown {
  return { ...outcome, durationMs: 0 };
}

async function workerId(pool: Shell, changes: Partial<Job> = {}): Promise<number> {
  return Number(ran(await pool.run(jobOf('echo $$', changes))).stdout.text);
}

for (const { name, program } of shellPrograms) {
  describe(`a pool of workers: ${name}`, () => {
    for (const [misdeed, text] of Object.entries(misdeeds)) {
      test(`no job notices that one before it did this: ${misdeed}`, async (t) => {
        const pool = openPool(t, { size: 1, program, graceMs: 100 });
        const check = () => pool.run(jobOf(look, { environment, stdin: 'in\n' }));
        const before = await check();
        assert.match(ran(before).stdout.text, /\nin\n/);
        assert.equal(ran(before).stderr.text, 'done\n');
        for (let round = 0; round < 3; round += 1) {
          const outcome = ran(
            await pool.run(jobOf(text, { environment, stdin: 'secret', timeoutMs: 20_000 })),
          );
          const [pid] = /^\d+$/m.exec(outcome.stdout.text) ?? [];
          if (misdeed.startsWith('leave')) readPids(t, pid ?? '');
          assert.notEqual(outcome.kind, 'timed-out');
          assert.deepEqual(essence(await check()), essence(before));
        }
      });
    }

    test('a job sees what a job of sh -c sees', async (t) => {
      const pool = openPool(t, { size: 1, program });
      const oneShot = createOneShotShell({ program });
      t.after(() => oneShot.close());
      const job = jobOf(look, { environment, stdin: 'in\n' });
      assert.deepEqual(essence(await pool.run(job)), essence(await oneShot.run(job)));
    });

    test('a worker is kept as long as nothing is left of its jobs', async (t) => {
      const pool = openPool(t, { size: 1, program });
      const first = await workerId(pool, { environment });
      for (const misdeed of harmless) {
        await pool.run(jobOf(misdeeds[misdeed] ?? '', { environment }));
        assert.equal(await workerId(pool, { environment }), first, misdeed);
      }
    });

    test('what a job left behind outlives the timeout of a later one', async (t) => {
      const pool = openPool(t, { size: 1, program, graceMs: 100 });
      for (const misdeed of ['leave a child', 'leave a child that holds nothing']) {
        const [left = 0] = readPids(t, ran(await pool.run(jobOf(misdeeds[misdeed] ?? ''))).stdout.text);
        const text = 'sleep 1000 & echo $!; trap "" TERM; wait';
        const outcome = ran(await pool.run(jobOf(text, { timeoutMs: 100 })));
        const [child = 0] = readPids(t, outcome.stdout.text);
        assert.equal(outcome.kind, 'timed-out');
        await untilGone(child);
        assert.ok(await isAlive(left), misdeed);
      }
    });

    test('a job that kills its worker is a job that was killed', async (t) => {
      const pool = openPool(t, { size: 1, program });
      const signalOf = async (text: string) => {
        const outcome = ran(await pool.run(jobOf(text)));
        return outcome.kind === 'killed' ? outcome.signal : outcome.kind;
      };
      assert.equal(await signalOf('kill $$; sleep 1000'), 'SIGTERM');
      assert.equal(await signalOf('kill -HUP $$; sleep 1000'), 'SIGHUP');
      assert.equal(await signalOf('kill -KILL 0; sleep 1000'), 'SIGKILL');
      assert.equal(await signalOf("exec sh -c 'kill -USR1 $$'"), 'SIGUSR1');
      assert.equal(await signalOf("exec sh -c 'kill -ABRT $$'"), 'SIGABRT');
      assert.equal(await signalOf('exit 138'), 'failed');
      assert.equal(await signalOf("printf 'Killed\\n' >&2; exit 137"), 'failed');
    });

    test('a worker that ended while it was idle is replaced', async (t) => {
      const pool = openPool(t, { size: 1, program });
      const first = await workerId(pool);
      for (const pause of [0, 50]) {
        process.kill(await workerId(pool), 'SIGKILL');
        await delay(pause);
        assert.notEqual(await workerId(pool), first);
      }
    });

    test('the environment is exactly what is given, whatever it was before', async (t) => {
      const pool = openPool(t, { size: 1, program });
      const value = fc.oneof(
        fc.string({
          unit: fc.constantFrom(
            'a',
            '=',
            ' ',
            '\n',
            "'",
            '"',
            '\\',
            '$',
            '`',
            '+',
            '-',
            '\t',
            '\u{81}',
            'é',
            '€',
          ),
        }),
        fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\0', '')),
      );
      const name = fc.constantFrom('A', 'B', 'SUBNET', 'l', 'heddle', 'IFACE_MTU', '_x', 'PS1x');
      const property = fc.asyncProperty(
        fc.array(fc.dictionary(name, value), { maxLength: 5 }),
        async (sequence) => {
          for (const changing of sequence) {
            const environment_ = { PATH: environment.PATH, ...changing };
            const job = jobOf('unset PWD OLDPWD SHLVL _; env -0', { environment: environment_ });
            const { stdout } = ran(await pool.run(job));
            const found = stdout.text
              .split('\0')
              .slice(0, -1)
              .map((entry) => {
                const at = entry.indexOf('=');
                return [entry.slice(0, at), entry.slice(at + 1)] as const;
              });
            assert.deepEqual(Object.fromEntries(found), Object.fromEntries(toUtf8(environment_)));
          }
        },
      );
      await fc.assert(property, { numRuns: 60 });
    });

    test("variables that are the shell's own, or the worker's, are as in sh -c", async (t) => {
      const pool = openPool(t, { size: 1, program });
      const oneShot = createOneShotShell({ program });
      t.after(() => oneShot.close());
      await pool.run(jobOf('true'));
      for (const own of ['IFS', 'PWD', 'OPTIND', 'PPID', 'PS4', '_', 'heddle_line', 'not a name', 'LINENO']) {
        const job = jobOf('env; echo "$IFS|$OPTIND|$PPID|$PS4"', {
          environment: { ...environment, [own]: '3' },
        });
        assert.deepEqual(essence(await pool.run(job)), essence(await oneShot.run(job)), own);
      }
    });

    test('a value that no program can be given is refused, and the worker lives', async (t) => {
      const pool = openPool(t, { size: 1, program });
      await workerId(pool);
      for (const value of ['x'.repeat(200_000), 'a\0b']) {
        const outcome = await pool.run(jobOf('true', { environment: { ...environment, VALUE: value } }));
        assert.equal(outcome.kind, 'unstartable');
      }
      assert.equal(
        (await pool.run(jobOf('true', { environment: { ...environment, VALUE: 'x'.repeat(100_000) } }))).kind,
        'succeeded',
      );
      assert.equal((await pool.run(jobOf('true'))).kind, 'succeeded');
    });

    test('megabytes of stdin are fed whole, again and again', async (t) => {
      const pool = openPool(t, { size: 1, program });
      const stdin = 'add\t10.50.7.0/24\t-\t192.168.33.7\t-\t02:11:22:33:44:55\n'.repeat(100_000);
      for (const text of ['cat', 'cat', 'read line; cat >/dev/null; echo "$line"']) {
        const { stdout, kind } = ran(await pool.run(jobOf(`{ ${text}; } | wc -c`, { stdin })));
        assert.equal(kind, 'succeeded');
        assert.equal(Number(stdout.text), text === 'cat' ? stdin.length : stdin.indexOf('\n') + 1);
        assert.equal(ran(await pool.run(jobOf('wc -c'))).stdout.text.trim(), '0');
      }
    });

    test('scripts that leave no descriptor free are run all the same', async (t) => {
      const pool = openPool(t, { size: 1, program });
      const use = [3, 4, 5, 6, 7, 8, 9].map((digit) => `exec ${digit}>&2`).join('\n');
      assert.equal(ran(await pool.run(jobOf(`${use}; echo all`))).stdout.text, 'all\n');
      for (const digit of [9, 8, 3]) {
        const spared = [3, 4, 5, 6, 7, 8, 9]
          .filter((one) => one !== digit)
          .map((one) => `exec ${one}>&1; echo ${one} >&${one}`);
        assert.equal(ran(await pool.run(jobOf(spared.join('\n')))).stdout.text.length, 12);
      }
    });
  });
}

/** As a process gets them: what is not well-formed becomes U+FFFD. */
function toUtf8(variables: Record<string, string>): [string, string][] {
  return Object.entries(variables).map(([name, value]) => [name, Buffer.from(value).toString()]);
}

test('no more jobs run at once than there are workers, and those that wait run in order', async (t) => {
  const pool = openPool(t, { size: 2 });
  const directory = temporaryDirectory(t);
  const text = `mkdir ${directory}/$N || exit; ls ${directory} | wc -l; sleep 0.05; rmdir ${directory}/$N`;
  const started: number[] = [];
  const jobs = Array.from({ length: 12 }, async (_, index) => {
    const job = jobOf(text, { environment: { PATH: environment.PATH, N: String(index) } });
    const outcome = ran(await pool.run(job));
    started.push(index);
    return Number(outcome.stdout.text);
  });
  const counts = await Promise.all(jobs);
  assert.ok(counts.every((count) => count <= 2));
  assert.ok(started.every((index, position) => Math.abs(index - position) <= 2));
});

test('a job that waits for a worker can be given up, and is never run', async (t) => {
  const pool = openPool(t, { size: 1, graceMs: 50 });
  const file = join(temporaryDirectory(t), 'ran');
  const controller = new AbortController();
  const running = pool.run(jobOf('sleep 1000'), controller.signal);
  const waiting = pool.run(jobOf(`touch ${file}`), controller.signal);
  const other = pool.run(jobOf('echo other'));
  controller.abort();
  assert.equal((await waiting).kind, 'cancelled');
  assert.equal((await running).kind, 'cancelled');
  assert.equal(ran(await other).stdout.text, 'other\n');
  assert.ok(!existsSync(file));
});

test('a job runs in its directory, also when another one took its place or its name', async (t) => {
  const pool = openPool(t, { size: 1 });
  const directory = join(temporaryDirectory(t), 'state');
  const list = jobOf('ls; pwd', { cwd: directory });
  await mkdir(directory);
  assert.equal(ran(await pool.run(list)).stdout.text, `${directory}\n`);
  await rm(directory, { recursive: true });
  assert.deepEqual(await pool.run(list), {
    kind: 'unstartable',
    reason: `its working directory ${directory} does not exist`,
  });
  await mkdir(join(directory, 'new'), { recursive: true });
  assert.equal(ran(await pool.run(list)).stdout.text, `new\n${directory}\n`);
  assert.equal(ran(await pool.run(jobOf('pwd'))).stdout.text, '/\n');
});

test('a program that is not a shell cannot be started', async (t) => {
  const pool = openPool(t, { size: 1, program: { file: '/bin/false', name: 'sh', arguments: [] } });
  assert.equal((await pool.run(jobOf('true'))).kind, 'unstartable');
});

test('after a burst all workers end but the one that was used last, and no spare descriptor stays', async (t) => {
  const pool = openPool(t, { size: 3, restMs: 50 });
  const openFiles = (): number => readdirSync('/proc/self/fd').length;
  const burst = async (): Promise<readonly number[]> => {
    const outcomes = Array.from({ length: 3 }, () => pool.run(jobOf('sleep 0.1; echo $$')));
    return (await Promise.all(outcomes)).map((outcome) => Number(ran(outcome).stdout.text));
  };
  const untilOneIsLeft = async (pids: readonly number[]): Promise<readonly number[]> =>
    until('two of three workers to end', async () => {
      const alive = await Promise.all(pids.map(isAlive));
      return alive.filter(Boolean).length === 1 && pids.filter((_, index) => alive[index]);
    });
  const before = openFiles();
  const first = await burst();
  assert.equal(new Set(first).size, 3);
  assert.ok(openFiles() > before + 6);
  await untilOneIsLeft(first);
  // What one worker and its pool need.
  const most = before + 12;
  await until(
    'the spare pipes to be closed',
    () => openFiles() <= most,
    () => `${openFiles()}, not ${most}`,
  );
  const second = await burst();
  const left = await untilOneIsLeft(second);
  await until('the spare pipes to be closed again', () => openFiles() <= most);
  assert.deepEqual([await workerId(pool)], left);
});

test('closing ends the workers, also one that was stopped', async () => {
  const pool = createWorkerPool({ size: 2, graceMs: 50 });
  const ids = await Promise.all([1, 2].map(() => pool.run(jobOf('sleep 0.05; echo $$')))).then((outcomes) =>
    outcomes.map((outcome) => Number(ran(outcome).stdout.text)),
  );
  assert.notEqual(ids[0], ids[1]);
  process.kill(ids[0] ?? 0, 'SIGSTOP');
  await pool.close();
  for (const id of ids) assert.ok(!(await isAlive(id)));
});

test('when this process dies its workers end, once the job that they run has ended', async (t) => {
  const directory = temporaryDirectory(t);
  const statement = `
    const pool = m.createWorkerPool({ size: 2 });
    const job = (text) => ({ script: { text, stopOnError: false, notes: [] }, stdin: '', cwd: '${directory}', timeoutMs: 60000,
      environment: { PATH: '${environment.PATH}' } });
    await pool.run(job('echo $$ >idle'));
    void pool.run(job('echo $$ >busy; while [ ! -e go ]; do sleep 0.01; done; touch done'));
    while (!(await import('node:fs')).existsSync('${directory}/busy')) await pool.run(job(':'));
    console.log('ready');`;
  const child = startModule(t, 'shell/pool/worker-pool.ts', statement);
  assert.equal(await child.readLine(), 'ready');
  const readId = async (name: string) => Number(await readFile(join(directory, name), 'utf8'));
  const busy = await readId('busy');
  await child.kill();
  assert.ok(await isAlive(busy));
  await writeFile(join(directory, 'go'), '');
  await until('the job to end', () => existsSync(join(directory, 'done')));
  for (const id of [busy, await readId('idle')]) await untilGone(id);
});

test('when this process dies under load nothing of its workers stays', async (t) => {
  const directory = temporaryDirectory(t);
  const statement = `
    const pool = m.createWorkerPool({ size: 2 });
    const job = { script: { text: 'echo $$; echo $$ >>ids', stopOnError: false, notes: [] }, stdin: 'x', cwd: '${directory}', timeoutMs: 60000,
      environment: { PATH: '${environment.PATH}' } };
    const lane = async () => { for (;;) await pool.run(job); };
    void lane(); void lane();
    for (let i = 0; i < 10; i += 1) await pool.run(job);
    console.log('ready');`;
  for (let round = 0; round < 3; round += 1) {
    const child = startModule(t, 'shell/pool/worker-pool.ts', statement);
    assert.equal(await child.readLine(), 'ready');
    await child.kill();
  }
  const ids = new Set((await readFile(join(directory, 'ids'), 'utf8')).trim().split('\n').map(Number));
  assert.ok(ids.size >= 3);
  for (const id of ids) await untilGone(id);
});
