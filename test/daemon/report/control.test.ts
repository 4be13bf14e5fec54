import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, existsSync } from 'node:fs';
import http from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { askDaemon, createControlServer, type ControlHandlers } from '../../../src/daemon/report/control.ts';
import { Failure } from '../../../src/diagnostic/failure.ts';
import { claimInstance, controlSocketPath } from '../../../src/host/state/instance.ts';
import { Bench } from '../bench.ts';

/** A daemon's side on a state directory, with handlers of the test. */
async function serve(t: TestContext, handlers: Partial<ControlHandlers> = {}): Promise<Bench> {
  const bench = new Bench(t);
  const server = createControlServer({
    status: () => ({ state: 'running' }),
    stop: () => Promise.reject(new Error('nobody stops here')),
    ...handlers,
  });
  const claim = await claimInstance(bench.stateDirectory, server);
  t.after(() => claim.release());
  return bench;
}

test('status is asked for and answered', async (t) => {
  const { stateDirectory } = await serve(t);
  assert.deepEqual(await askDaemon(stateDirectory, 'GET', '/status'), { state: 'running' });
});

test('a socket that is not a daemon’s gives no status', async (t) => {
  const { stateDirectory } = await serve(t, { status: () => undefined });
  assert.equal(await askDaemon(stateDirectory, 'GET', '/status'), undefined);
});

test('the commands that run are asked for and answered, by a daemon that tells them', async (t) => {
  const waits = [{ what: 'PreStartupCommand', forMs: 700, limitMs: 60_000 }];
  const telling = await serve(t, { waits: () => waits });
  assert.deepEqual(await askDaemon(telling.stateDirectory, 'GET', '/waits'), waits);
  const { stateDirectory } = await serve(t);
  assert.equal(await askDaemon(stateDirectory, 'GET', '/waits'), undefined);
});

test('a stop is answered with what it came to', async (t) => {
  const taken = { removed: 2, failed: ['10.50.4.0-24'], left: [], shutdown: 'failed' } as const;
  const requests: unknown[] = [];
  const { stateDirectory } = await serve(t, {
    stop: (request) => {
      requests.push(request);
      return Promise.resolve(taken);
    },
  });
  const request = { onExit: 'leave', releaseLease: true };
  assert.deepEqual(await askDaemon(stateDirectory, 'POST', '/stop', request), taken);
  assert.deepEqual(requests, [request]);
});

test('an error of a handler is an answer, and the server goes on', async (t) => {
  const { stateDirectory } = await serve(t);
  const answer = await askDaemon(stateDirectory, 'POST', '/stop', {});
  assert.deepEqual(answer, { error: 'nobody stops here' });
  assert.ok(await askDaemon(stateDirectory, 'GET', '/status'));
});

test('a request that is not JSON, or for something else, is refused', async (t) => {
  const { stateDirectory } = await serve(t);
  const statusOf = async (method: string, path: string, body = ''): Promise<number | undefined> => {
    const request = http.request({ socketPath: controlSocketPath(stateDirectory), method, path });
    request.end(body);
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];
    response.resume();
    return response.statusCode;
  };
  assert.equal(await statusOf('POST', '/stop', '{'), 500);
  assert.equal(await statusOf('GET', '/stop'), 404);
  assert.equal(await statusOf('POST', '/status'), 404);
  assert.equal(await statusOf('GET', '/status'), 200);
});

test('a socket on which nobody listens means that no daemon runs', async (t) => {
  const bench = new Bench(t);
  assert.equal(await askDaemon(bench.stateDirectory, 'GET', '/status'), undefined);
  assert.equal(await askDaemon(`${bench.directory}/gone`, 'GET', '/status'), undefined);
});

test('a daemon that dies before it answers counts as none', async (t) => {
  const bench = new Bench(t);
  const server = createServer((socket) => socket.destroy());
  server.listen(controlSocketPath(bench.stateDirectory));
  await once(server, 'listening');
  t.after(() => server.close());
  assert.equal(await askDaemon(bench.stateDirectory, 'GET', '/status'), undefined);
});

test('a daemon that does not answer is told from none, with its process, and a stop that takes long is not', async (t) => {
  const bench = new Bench(t);
  const mute = createServer((socket) => void socket.on('error', () => undefined).resume());
  const claim = await claimInstance(bench.stateDirectory, mute);
  const isSilent = (error: unknown): boolean => {
    assert.ok(error instanceof Failure);
    assert.equal(error.kind, 'unresponsive');
    assert.ok(error.message.startsWith(`process ${process.pid}, the heddle daemon `), error.message);
    return true;
  };
  await Promise.all([
    assert.rejects(askDaemon(bench.stateDirectory, 'GET', '/status'), isSilent),
    assert.rejects(askDaemon(bench.stateDirectory, 'POST', '/stop', {}), isSilent),
  ]);
  await claim.release();
  assert.equal(existsSync(join(bench.stateDirectory, 'heddle.pid')), false);

  const taken = { removed: 2, failed: [], left: [], shutdown: 'done' } as const;
  const { stateDirectory } = await serve(t, { stop: () => delay(5000, taken) });
  assert.deepEqual(await askDaemon(stateDirectory, 'POST', '/stop', {}), taken);
});

const skip = process.geteuid?.() === 0 && 'root may ask every daemon';
test('a user who may not ask is told so', { skip }, async (t) => {
  const { stateDirectory } = await serve(t);
  chmodSync(controlSocketPath(stateDirectory), 0);
  await assert.rejects(askDaemon(stateDirectory, 'GET', '/status'), (error: unknown) => {
    assert.ok(error instanceof Failure);
    return error.kind === 'privilege';
  });
});
