import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';
import { createControlServer } from '../../../src/daemon/report/control.ts';
import { warnOfMetricsAddress } from '../../../src/daemon/report/metrics-page.ts';
import {
  createLimitedServer,
  LongBodyError,
  readBody,
  type HttpAnswer,
  type ServerLimits,
} from '../../../src/daemon/report/limited-server.ts';
import { serveForTest, type TestServer } from '../../support/test-server.ts';
import { until } from '../../support/until.ts';

const patience = { headMs: 200, requestMs: 400, lookMs: 20 };
const limits: ServerLimits = { connections: 8, silenceMs: undefined, patience };

const hello = (): Promise<HttpAnswer> => Promise.resolve({ status: 200, type: 'text/plain', body: 'hello' });

async function sizeOf(request: IncomingMessage): Promise<HttpAnswer> {
  try {
    const body = await readBody(request, 100);
    return { status: 200, type: 'text/plain', body: String(body.length) };
  } catch (error) {
    return { status: error instanceof LongBodyError ? 413 : 500, type: 'text/plain', body: '' };
  }
}

async function serve(
  t: TestContext,
  answer: (request: IncomingMessage) => Promise<HttpAnswer> = hello,
  given = limits,
): Promise<TestServer> {
  const server = createLimitedServer(answer, given);
  t.after(() => server.closeAllConnections());
  return serveForTest(t, server);
}

const request = 'GET / HTTP/1.1\r\nhost: x\r\n\r\n';

test('connections that ask for nothing are few, end by themselves, and then others are answered', async (t) => {
  const { open, connections } = await serve(t);
  const idle = Array.from({ length: 200 }, () => open().resume());
  await until('the surplus to be closed', () => idle.filter((socket) => socket.closed).length >= 192);
  assert.ok((await connections()) <= 8);
  await until('all to be closed', () => idle.every((socket) => socket.closed));
  assert.match(await text(open(request)), /^HTTP\/1\.1 200 OK\r\n[^]*hello$/);
});

test('a request is answered although idle connections take every place', async (t) => {
  const patient = { ...limits, patience: { headMs: 60_000, requestMs: 60_000, lookMs: 20 } };
  const { open, connections } = await serve(t, hello, patient);
  for (let index = 0; index < 8; index += 1) open(index % 2 === 0 ? '' : 'GET /').resume();
  await until('every place to be taken', async () => (await connections()) === 8);
  for (let round = 0; round < 3; round += 1) {
    assert.match(await text(open(request)), /^HTTP\/1\.1 200 OK\r\n[^]*hello$/);
  }
});

test('a request that is being answered keeps its place', async (t) => {
  const held = new EventEmitter();
  const patient = { ...limits, patience: { headMs: 60_000, requestMs: 60_000, lookMs: 20 } };
  let begun = 0;
  const hold = async (): Promise<HttpAnswer> => {
    begun += 1;
    await once(held, 'release');
    return hello();
  };
  const { open } = await serve(t, hold, patient);
  const asking = Array.from({ length: 8 }, () => text(open(request)));
  await until('eight requests', () => begun === 8);
  const late = open(request).resume();
  await until('the ninth connection to be closed', () => late.closed);
  held.emit('release');
  for (const answer of await Promise.all(asking)) assert.match(answer, /hello$/);
});

for (const [what, sent] of [
  ['the first line', 'GET /metrics'],
  ['a head without its end', 'GET / HTTP/1.1\r\nhost: x\r\na: b\r\n'],
  ['a body that does not come', 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 50\r\n\r\n{'],
]) {
  test(`a request of which only ${what} comes is ended`, async (t) => {
    const { open, connections } = await serve(t, sizeOf);
    const socket = open(sent);
    const answer = await text(socket);
    assert.match(answer, /^HTTP\/1\.1 408 /);
    await until('the connection to end', async () => (await connections()) === 0);
  });
}

test('a body without end is not read: the answer ends the connection', async (t) => {
  const { open, connections } = await serve(t);
  const socket = open('POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n');
  const pour = (): void => {
    while (!socket.destroyed && socket.write(`1000\r\n${'x'.repeat(4096)}\r\n`));
  };
  socket.on('drain', pour);
  pour();
  socket.resume();
  await until('the connection to end', () => socket.closed);
  assert.ok(socket.bytesWritten < 64 << 20);
  await until('the server to be free', async () => (await connections()) === 0);
});

test('a body and a head that are too long are refused', async (t) => {
  const { open } = await serve(t, sizeOf);
  const post = (length: number): string =>
    `POST / HTTP/1.1\r\nhost: x\r\ncontent-length: ${length}\r\n\r\n${'x'.repeat(length)}`;
  assert.match(await text(open(post(100))), /^HTTP\/1\.1 200 [^]*\r\n100$/);
  assert.match(await text(open(post(101))), /^HTTP\/1\.1 413 /);
  assert.match(await text(open(`GET / HTTP/1.1\r\na: ${'x'.repeat(9000)}\r\n\r\n`)), /^HTTP\/1\.1 431 /);
});

test('a connection serves one request, even where the client asks for more', async (t) => {
  const { open } = await serve(t);
  const answers = await text(open(request + request));
  assert.equal(answers.match(/HTTP\/1\.1 200/g)?.length, 1);
});

test('an answer that nobody reads is given up', async (t) => {
  const large = (): Promise<HttpAnswer> =>
    Promise.resolve({ status: 200, type: 'text/plain', body: 'x'.repeat(64 << 20) });
  const { open, connections } = await serve(t, large, { ...limits, silenceMs: 200 });
  const socket = open(request).pause();
  await once(socket, 'connect');
  await until('the connection to end', async () => (await connections()) === 0);
});

test('the control socket refuses a long request, and goes on', async (t) => {
  const server = createControlServer({
    status: () => ({ state: 'running' }),
    stop: () => assert.fail('nobody stops here'),
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const ask = (path: string, init?: RequestInit): Promise<Response> =>
    fetch(`http://127.0.0.1:${port}${path}`, init);
  assert.equal((await ask('/stop', { method: 'POST', body: '1'.repeat(5000) })).status, 413);
  assert.equal((await ask('/status')).status, 200);
});

test('an address for metrics that others may reach is warned of', () => {
  const warned = ([host, port]: readonly [string | undefined, number]): string | undefined =>
    warnOfMetricsAddress({ host, port });
  for (const host of ['127.0.0.1', '127.9.9.9', '::1']) assert.equal(warned([host, 9270]), undefined, host);
  assert.match(warned(['192.0.2.1', 9270]) ?? '', /^metrics are served at 192\.0\.2\.1 port 9270 without a/);
  assert.match(warned(['0.0.0.0', 9270]) ?? '', /^metrics are served at 0\.0\.0\.0 port 9270 without/);
  assert.match(warned([undefined, 1]) ?? '', /^metrics are served at every address of this machine, port 1,/);
});
