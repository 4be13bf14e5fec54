import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, stat, utimes, writeFile } from 'node:fs/promises';
import { createServer, get } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { Failure, type FailureKind } from '../../../src/diagnostic/failure.ts';
import { claimInstance, controlSocketPath } from '../../../src/host/state/instance.ts';
import { startModule } from '../child-module.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

function failsAs(kind: FailureKind, message: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof Failure);
    assert.equal(error.kind, kind);
    assert.match(error.message, message);
    return true;
  };
}

function ask(socketPath: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    get({ socketPath, path: '/' }, (response) => resolve(response.resume().statusCode)).on('error', reject);
  });
}

const newServer = () => createServer((_, response) => response.end());

const claimAndStay = (directory: string) => `
  const { createServer } = await import('node:http');
  const claim = m.claimInstance(${JSON.stringify(directory)}, createServer());
  console.log(await claim.then(() => 'claimed', (error) => error.kind));`;

test('a claim removes what killed daemons left of files they wrote, and no file of the recipe', async (t) => {
  const directory = temporaryDirectory(t);
  const torn = ['deployment.json', 'journal', 'lease.json'].map((name) => `.${name}.${randomUUID()}`);
  const kept = ['.note.txt', 'flannel.1.mac', `.${randomUUID()}`, `key.${randomUUID()}`];
  for (const name of [...torn, ...kept]) await writeFile(join(directory, name), 'secret');
  const instance = await claimInstance(directory, newServer());
  t.after(() => instance.release());
  const left = await readdir(directory);
  assert.deepEqual(
    torn.filter((name) => left.includes(name)),
    [],
  );
  assert.deepEqual(
    kept.filter((name) => left.includes(name)),
    kept,
  );
  await assert.rejects(claimInstance(directory, newServer()), failsAs('already-running', /already in use/));
});

test('a claim removes the draft of a socket that a killed process left, and none that is answered or young', async (t) => {
  const directory = temporaryDirectory(t);
  const [left = '', young = '', answered = ''] = ['.0123abcd', '.89ef4567', '.abcdef01'].map((name) =>
    join(directory, name),
  );
  const dead = startModule(
    t,
    'host/state/instance.ts',
    `const { createServer } = await import('node:net');
    let open = 2;
    for (const path of ${JSON.stringify([left, young])})
      createServer().listen(path, () => (open -= 1) || console.log('listening'));`,
  );
  assert.equal(await dead.readLine(), 'listening');
  await dead.kill();
  const server = newServer().listen(answered);
  t.after(() => server.close());
  await once(server, 'listening');
  await writeFile(join(directory, '.00000000'), 'a file of the recipe');
  for (const path of [left, answered, join(directory, '.00000000')]) await utimes(path, 1, 1);
  const instance = await claimInstance(directory, newServer());
  t.after(() => instance.release());
  const hidden = (await readdir(directory)).filter((name) => name.startsWith('.'));
  assert.deepEqual(hidden.sort(), ['.00000000', '.89ef4567', '.abcdef01']);
});

test('a claim answers on its socket until it is given back', async (t) => {
  const directory = temporaryDirectory(t);
  const instance = await claimInstance(directory, newServer());
  t.after(() => instance.release());
  assert.equal(await ask(controlSocketPath(directory)), 200);
  await assert.rejects(
    claimInstance(directory, newServer()),
    failsAs('already-running', /is already in use by another heddle/),
  );
  assert.equal(await ask(controlSocketPath(directory)), 200);
  await instance.release();
  await assert.rejects(stat(controlSocketPath(directory)));
  const next = await claimInstance(directory, newServer());
  await next.release();
});

test('a claim leaves nothing but its socket and its process id, and those only for its life', async (t) => {
  const directory = temporaryDirectory(t);
  const instance = await claimInstance(directory, newServer());
  t.after(() => instance.release());
  assert.deepEqual(await readdir(directory), ['heddle.pid', 'heddle.sock']);
  assert.equal((await stat(controlSocketPath(directory))).mode & 0o777, 0o600);
  await assert.rejects(claimInstance(directory, newServer()), failsAs('already-running', /./));
  assert.deepEqual((await readdir(directory)).sort(), ['heddle.lock', 'heddle.pid', 'heddle.sock']);
  await instance.release();
  assert.deepEqual(await readdir(directory), ['heddle.lock']);
});

test('the socket of a daemon that was killed is taken over', async (t) => {
  const directory = temporaryDirectory(t);
  const dead = startModule(t, 'host/state/instance.ts', claimAndStay(directory));
  assert.equal(await dead.readLine(), 'claimed');
  await assert.rejects(claimInstance(directory, newServer()), failsAs('already-running', /./));
  await dead.kill();
  await stat(join(directory, 'heddle.sock'));
  const instance = await claimInstance(directory, newServer());
  t.after(() => instance.release());
  assert.equal(await ask(controlSocketPath(directory)), 200);
});

test('only one of many daemons runs if they start at once next to a stale socket', async (t) => {
  const directory = temporaryDirectory(t);
  const dead = startModule(t, 'host/state/instance.ts', claimAndStay(directory));
  assert.equal(await dead.readLine(), 'claimed');
  await dead.kill();
  const racers = Array.from({ length: 4 }, () =>
    startModule(t, 'host/state/instance.ts', claimAndStay(directory)),
  );
  const results = await Promise.all(racers.map((racer) => racer.readLine()));
  assert.deepEqual(results.sort(), ['already-running', 'already-running', 'already-running', 'claimed']);
});

test('a path that no socket can have is refused', async (t) => {
  const directory = join(temporaryDirectory(t), 'd'.repeat(100));
  await mkdir(directory);
  await assert.rejects(claimInstance(directory, newServer()), failsAs('state-directory', /too long/));
});

test('a file that is not a socket stays', async (t) => {
  const directory = temporaryDirectory(t);
  await writeFile(join(directory, 'heddle.sock'), 'precious');
  await assert.rejects(
    claimInstance(directory, newServer()),
    failsAs('state-directory', /exists and is not a socket/),
  );
  assert.equal((await stat(join(directory, 'heddle.sock'))).size, 8);
});

test('a directory that is not there is a failure', async (t) => {
  const directory = join(temporaryDirectory(t), 'none');
  await assert.rejects(
    claimInstance(directory, newServer()),
    failsAs('state-directory', /could not be created/),
  );
});
