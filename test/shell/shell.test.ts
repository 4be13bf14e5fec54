import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { access, readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import type { OneShotShellOptions } from '../../src/shell/one-shot-shell.ts';
import type { Outcome } from '../../src/shell/shell.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { setUmask } from '../support/umask.ts';
import { jobOf } from './command.ts';
import { implementations } from './implementations.ts';
import { isAlive, readPids, untilGone } from './process.ts';
import { until } from '../support/until.ts';

function ran(outcome: Outcome): Exclude<Outcome, { kind: 'unstartable' }> {
  assert.notEqual(outcome.kind, 'unstartable', 'the shell should have started');
  return outcome as Exclude<Outcome, { kind: 'unstartable' }>;
}

for (const [index, { name, create }] of implementations.entries()) {
  describe(`a shell: ${name}`, () => {
    function openShell(t: TestContext, options: OneShotShellOptions = {}) {
      const shell = create(options);
      t.after(() => shell.close());
      return shell;
    }

    test('the environment is exactly what is given', async (t) => {
      const environment = { PATH: '/usr/bin:/bin', ONE: 'a b\n"c" $d', EMPTY: '' };
      const job = jobOf('unset PWD OLDPWD SHLVL _; env -0', { environment });
      const { stdout } = ran(await openShell(t).run(job));
      const values = Object.fromEntries(
        stdout.text
          .split('\0')
          .filter(Boolean)
          .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
      );
      assert.deepEqual(values, environment);
    });

    test('stdin is fed whole, and can be opened by name', async (t) => {
      const shell = openShell(t);
      const stdin = 'line\n'.repeat(400_000);
      assert.equal(ran(await shell.run(jobOf('wc -c', { stdin }))).stdout.text.trim(), '2000000');
      assert.equal(
        ran(await shell.run(jobOf('read a; read b; echo "$b $a"', { stdin: '1\n2\n' }))).stdout.text,
        '2 1\n',
      );
      assert.equal(
        ran(await shell.run(jobOf('cat /dev/stdin', { stdin: 'named\n' }))).stdout.text,
        'named\n',
      );
      assert.equal(ran(await shell.run(jobOf('cat'))).stdout.text, '');
    });

    test('a command that does not read its stdin succeeds', async (t) => {
      const outcome = await openShell(t).run(jobOf('exec <&-; exit 0', { stdin: 'x'.repeat(4_000_000) }));
      assert.equal(outcome.kind, 'succeeded');
    });

    test('stdout and stderr are captured apart, and can be opened by name', async (t) => {
      const { stdout, stderr } = ran(
        await openShell(t).run(jobOf('echo a; echo b >&2; echo c >/dev/stdout; echo d >/dev/stderr')),
      );
      assert.deepEqual(stdout, { text: 'a\nc\n', truncated: 0 });
      assert.deepEqual(stderr, { text: 'b\nd\n', truncated: 0 });
    });

    test('megabytes of output are capped and counted', async (t) => {
      const size = 8_000_000;
      const flood = `head -c ${size} /dev/zero | tr '\\0' x`;
      const { stdout, stderr } = ran(
        await openShell(t).run(jobOf(`${flood}; { echo first; ${flood}; echo last; } >&2`)),
      );
      assert.equal(stdout.text.length, 1024 * 1024);
      assert.equal(stdout.truncated, size - 1024 * 1024);
      assert.ok(stderr.text.length < 5 * 1024);
      assert.equal(stderr.truncated, size + 'first\nlast\n'.length - 4 * 1024);
      assert.match(stderr.text, /^first\nx+\n\[… \d+ bytes omitted …\]\nx+last\n$/);
    });

    test('output that is not UTF-8 is read all the same', async (t) => {
      const { stdout } = ran(await openShell(t).run(jobOf(String.raw`printf 'a\377\000b'`)));
      assert.equal(stdout.text, 'a\u{fffd}\u{0}b');
    });

    test('all that a shell wrote is there however soon it ends', async (t) => {
      const shell = openShell(t);
      for (let size = 1; size <= 60_000; size = size * 3 + 1) {
        const { stdout } = ran(await shell.run(jobOf(`head -c ${size} /dev/zero; exec sleep 0`)));
        assert.equal(stdout.text.length, size);
      }
    });

    test('a command has ended with its shell, though a background child holds the pipes', async (t) => {
      const outcome = ran(await openShell(t).run(jobOf('sleep 1000 & echo $!; echo log >&2; exit 3')));
      const [pid] = readPids(t, outcome.stdout.text);
      assert.equal(outcome.kind, 'failed');
      assert.equal(outcome.stderr.text, 'log\n');
      assert.ok(await isAlive(pid ?? 0));
    });

    test('a background child that goes on writing is neither ended nor blocked', async (t) => {
      const done = join(temporaryDirectory(t), 'done');
      const chatty = `{ head -c 3000000 /dev/zero; head -c 3000000 /dev/zero >&2; touch ${done}; } & echo $!`;
      const outcome = ran(await openShell(t).run(jobOf(chatty)));
      assert.equal(outcome.kind, 'succeeded');
      readPids(t, outcome.stdout.text.replaceAll('\0', ''));
      await until(`${done} to be there`, () => existsSync(done));
    });

    test('a child that daemonises lives on, and keeps no event loop alive', async (t) => {
      const directory = temporaryDirectory(t);
      const pidFile = join(directory, 'pid');
      const source = (name: string) => pathToFileURL(join(import.meta.dirname, name)).href;
      const program = `
    const { implementations } = await import(${JSON.stringify(source('./implementations.ts'))});
    const { jobOf } = await import(${JSON.stringify(source('./command.ts'))});
    const shell = implementations[${index}].create();
    const outcome = await shell.run(jobOf('setsid sh -c "echo \\\\$\\\\$ >${pidFile}; exec sleep 1000" & while [ ! -s ${pidFile} ]; do sleep 0.01; done'));
    console.log(outcome.kind);`;
      const { stdout } = await promisify(execFile)(process.execPath, [
        '--import',
        'tsx',
        '--input-type=module',
        '-e',
        program,
      ]);
      const [pid] = readPids(t, await readFile(pidFile, 'utf8'));
      assert.equal(stdout, 'succeeded\n');
      assert.ok(await isAlive(pid ?? 0));
    });

    test('a timeout ends the whole process group', async (t) => {
      const shell = openShell(t);
      const outcome = ran(
        await shell.run(jobOf('sh -c "sleep 1000 & echo \\$!; wait" & echo $! $$; wait', { timeoutMs: 300 })),
      );
      const pids = readPids(t, outcome.stdout.text);
      assert.equal(outcome.kind, 'timed-out');
      assert.equal(pids.length, 3);
      for (const pid of pids) await untilGone(pid);
    });

    test('what ignores SIGTERM gets SIGKILL after the grace, the shell as well as a grandchild', async (t) => {
      const shell = openShell(t, { graceMs: 100 });
      const stubborn = `sh -c 'trap "" TERM; echo $$; while :; do sleep 1; done'`;
      for (const text of [`${stubborn}; :`, `${stubborn} & wait`, `trap "" TERM; ${stubborn}; :`]) {
        const outcome = ran(await shell.run(jobOf(text, { timeoutMs: 200 })));
        const [pid] = readPids(t, outcome.stdout.text);
        assert.equal(outcome.kind, 'timed-out');
        await untilGone(pid ?? 0);
      }
    });

    test('a stopped command is ended too', async (t) => {
      const outcome = await openShell(t, { graceMs: 10_000 }).run(jobOf('kill -STOP $$', { timeoutMs: 100 }));
      assert.equal(outcome.kind, 'timed-out');
    });

    test('a command that cleans up on SIGTERM can', async (t) => {
      const text = 'trap "echo cleaned; exit 0" TERM; while :; do sleep 0.05; done';
      const outcome = ran(await openShell(t).run(jobOf(text, { timeoutMs: 200 })));
      assert.equal(outcome.kind, 'timed-out');
      assert.equal(outcome.stdout.text, 'cleaned\n');
    });

    test('the caller can end a command, or keep it from starting', async (t) => {
      const shell = openShell(t);
      const file = join(temporaryDirectory(t), 'started');
      const controller = new AbortController();
      const running = shell.run(jobOf(`touch ${file}; sleep 1000`), controller.signal);
      await until(`${file} to be there`, () => existsSync(file));
      controller.abort();
      assert.equal((await running).kind, 'cancelled');
      const late = join(temporaryDirectory(t), 'late');
      assert.equal((await shell.run(jobOf(`touch ${late}`), controller.signal)).kind, 'cancelled');
      await assert.rejects(access(late));
    });

    test('closing ends what runs', async () => {
      const shell = create();
      const running = shell.run(jobOf('sleep 1000'));
      await shell.close();
      assert.equal((await running).kind, 'cancelled');
      assert.equal((await shell.run(jobOf('true'))).kind, 'cancelled');
    });

    test('files are made private, whatever the umask of the daemon, which stays as it is', async (t) => {
      const cwd = temporaryDirectory(t);
      setUmask(t, 0o022);
      const { stdout } = ran(await openShell(t).run(jobOf('umask; echo key >key; mkdir d; pwd', { cwd })));
      assert.match(stdout.text, /^0?077\n/);
      assert.ok(stdout.text.endsWith(`${cwd}\n`));
      assert.equal((await stat(join(cwd, 'key'))).mode & 0o777, 0o600);
      assert.equal((await stat(join(cwd, 'd'))).mode & 0o777, 0o700);
      assert.equal(process.umask(0o022), 0o022);
    });

    test('exit statuses and signals', async (t) => {
      const shell = openShell(t);
      const how = async (text: string) => {
        const outcome = await shell.run(jobOf(text));
        return 'exitCode' in outcome ? outcome.exitCode : 'signal' in outcome ? outcome.signal : outcome.kind;
      };
      assert.equal(await how('true'), 'succeeded');
      assert.equal(await how('exit 7'), 7);
      assert.equal(await how('false; true'), 'succeeded');
      assert.equal(await how('no-such-program'), 127);
      assert.equal(await how('/etc/passwd'), 126);
      assert.equal(await how('sh -c "kill -KILL \\$\\$"; exit $?'), 137);
      assert.equal(await how('kill -KILL $$'), 'SIGKILL');
      assert.equal(await how('exec true'), 'succeeded');
      assert.equal(await how('exec sh -c "exit 9"'), 9);
      assert.equal(await how('set -e; false; exit 9'), 1);
      assert.equal(await how('if'), 2);
    });

    test('what cannot be started says why', async (t) => {
      const shell = openShell(t);
      const reason = async (changes: Parameters<typeof jobOf>[1], of = shell) => {
        const outcome = await of.run(jobOf('true', changes));
        return outcome.kind === 'unstartable' ? outcome.reason : outcome.kind;
      };
      assert.equal(await reason({ cwd: '/no/such' }), 'its working directory /no/such does not exist');
      assert.match(await reason({ environment: { LONG: 'x'.repeat(200_000) } }), /longer than 128 KiB/);
      assert.match(await reason({ environment: { NUL: 'a\0b' } }), /null bytes/);
      const shellLess = openShell(t, { program: { file: '/no/such/sh', name: 'sh', arguments: [] } });
      assert.equal(await reason({}, shellLess), '/no/such/sh: no such file or directory');
    });

    test('a command that hangs delays no other', async (t) => {
      const shell = openShell(t);
      const controller = new AbortController();
      const hanging = shell.run(jobOf('sleep 1000'), controller.signal);
      for (let i = 0; i < 20; i += 1) assert.equal((await shell.run(jobOf('true'))).kind, 'succeeded');
      controller.abort();
      assert.equal((await hanging).kind, 'cancelled');
    });

    test('many jobs leave no descriptor behind, however they end', async () => {
      const countDescriptors = async () => (await readdir('/proc/self/fd')).length;
      const runAll = async () => {
        const shell = create({ graceMs: 50 });
        const jobs = [
          jobOf('true'),
          jobOf('cat', { stdin: 'x' }),
          jobOf('sleep 1000', { timeoutMs: 50 }),
          jobOf('true', { cwd: '/no/such' }),
          jobOf('true', { environment: { NUL: '\0' } }),
        ];
        await Promise.all([...jobs, ...jobs, ...jobs].map((job) => shell.run(job)));
        await shell.close();
      };
      await runAll();
      const before = await countDescriptors();
      await runAll();
      await until('all descriptors to be closed', async () => (await countDescriptors()) <= before);
    });
  });
}
