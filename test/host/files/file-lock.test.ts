import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { FileLockError, withFileLock } from '../../../src/host/files/file-lock.ts';
import { startModule } from '../child-module.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

test('the work is done, and its result or error handed on', async (t) => {
  const lock = join(temporaryDirectory(t), 'lock');
  assert.equal(await withFileLock(lock, () => Promise.resolve(7)), 7);
  await assert.rejects(
    withFileLock(lock, () => Promise.reject(new Error('work'))),
    /work/,
  );
  assert.equal(await withFileLock(lock, () => Promise.resolve(8)), 8);
});

test('only one works at a time', async (t) => {
  const directory = temporaryDirectory(t);
  const [lock, count] = [join(directory, 'lock'), join(directory, 'count')];
  await writeFile(count, '0');
  await Promise.all(
    Array.from({ length: 10 }, () =>
      withFileLock(lock, async () => {
        const before = Number(await readFile(count, 'utf8'));
        await writeFile(count, String(before + 1));
      }),
    ),
  );
  assert.equal(await readFile(count, 'utf8'), '10');
});

test('a holder that is killed loses the lock with its life', async (t) => {
  const lock = join(temporaryDirectory(t), 'lock');
  const holder = startModule(
    t,
    'host/files/file-lock.ts',
    `await m.withFileLock(${JSON.stringify(lock)}, () => { console.log('held'); return new Promise(() => setInterval(() => {}, 1e6)); });`,
  );
  assert.equal(await holder.readLine(), 'held');
  await assert.rejects(
    withFileLock(lock, () => Promise.resolve(), { waitMs: 100 }),
    (error) => {
      assert.ok(error instanceof FileLockError);
      assert.equal(error.refusal, 'timed-out');
      assert.match(error.message, /^process \d+ \(.*node.*\) held the lock .* for 100 ms$/);
      return true;
    },
  );
  const waiting = withFileLock(lock, () => Promise.resolve('mine'));
  await holder.kill();
  assert.equal(await waiting, 'mine');
});

test('a program that holds the lock for ever is named, with its pid, and the wait ends with the signal', async (t) => {
  const lock = join(temporaryDirectory(t), '.lock');
  const holder = spawn('flock', [lock, 'sh', '-c', 'echo held; exec sleep 60'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  });
  t.after(() => process.kill(-(holder.pid ?? assert.fail()), 'SIGKILL'));
  await once(holder.stdout, 'data');
  await assert.rejects(
    withFileLock(lock, () => Promise.resolve(), { waitMs: 100 }),
    (error) => {
      assert.ok(error instanceof FileLockError);
      assert.match(error.message, /^process \d+ \((flock .*|sleep 60)\) held the lock .*\.lock for 100 ms$/);
      return true;
    },
  );
  const signal = AbortSignal.timeout(50);
  await assert.rejects(
    withFileLock(lock, () => Promise.resolve(), { signal }),
    { name: 'TimeoutError' },
  );
});

test('a lock that cannot be had says why, and nothing is done', async (t) => {
  const directory = temporaryDirectory(t);
  const work = () => assert.fail('the work was done');
  await assert.rejects(withFileLock(join(directory, 'no', 'lock'), work), (error) => {
    assert.ok(error instanceof FileLockError);
    assert.equal(error.refusal, 'unusable');
    assert.match(error.message, /no such file or directory/);
    return true;
  });
  const path = process.env['PATH'];
  t.after(() => (process.env['PATH'] = path));
  process.env['PATH'] = directory;
  await assert.rejects(withFileLock(join(directory, 'lock'), work), (error) => {
    assert.ok(error instanceof FileLockError);
    assert.equal(error.refusal, 'no-flock');
    return true;
  });
});

test('a process without a free descriptor is told which limit is reached', async (t) => {
  const lock = join(temporaryDirectory(t), 'lock');
  for (const free of [0, 1, 2, 3]) {
    const child = startModule(
      t,
      'host/files/file-lock.ts',
      `const { openSync, closeSync } = await import('node:fs'); const taken = [];
      try { for (;;) taken.push(openSync('/dev/null')); } catch {}
      for (const file of taken.splice(0, ${free})) closeSync(file);
      const why = await m.withFileLock(${JSON.stringify(lock)}, async () => 'held').catch((error) => error.message);
      taken.forEach((file) => closeSync(file));
      console.log(why);`,
      { openFiles: 90 },
    );
    assert.match(
      (await child.readLine()) ?? '',
      /could not be taken: the limit of \d+ open files is reached/,
      `${free} free`,
    );
  }
});
