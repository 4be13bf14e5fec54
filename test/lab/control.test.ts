import assert from 'node:assert/strict';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';

import { createLineServer } from '../../src/lab/inside/control.ts';
import type { ControlResponse } from '../../src/lab/protocol.ts';
import { serveForTest, type TestServer } from '../support/test-server.ts';
import { until } from '../support/until.ts';

const limits = { connections: 8, requestBytes: 100, patienceMs: 200 };

function echo(request: object | undefined): Promise<ControlResponse> {
  return Promise.resolve({ response: 'done', message: JSON.stringify(request ?? null) });
}

function serve(t: TestContext, respond = echo, given = limits): Promise<TestServer> {
  return serveForTest(t, createLineServer(respond, given));
}

test('a request is answered in whatever pieces it comes', async (t) => {
  const { open } = await serve(t, echo, { ...limits, patienceMs: 60_000 });
  const socket = open('{"request":');
  await once(socket, 'connect');
  socket.write('"status"');
  socket.write('}\n');
  assert.equal(await text(socket), '{"response":"done","message":"{\\"request\\":\\"status\\"}"}\n');
});

test('a request that is not an object has its own answer, and an error is an answer as well', async (t) => {
  const { open } = await serve(t);
  for (const line of ['', 'status', '[]', '{"request":']) {
    assert.equal(await text(open(`${line}\n`)), '{"response":"done","message":"null"}\n', line);
  }
  const failing = await serve(t, () => Promise.reject(new Error('no such node')));
  assert.match(await text(failing.open('{}\n')), /^\{"response":"failure".*no such node/);
});

test('a connection serves one request', async (t) => {
  const { open } = await serve(t);
  assert.equal((await text(open('{}\n{}\n{}\n'))).split('\n').length, 2);
});

for (const [what, sent] of [
  ['nothing', ''],
  ['a line without its end', '{"request":"status"}'],
]) {
  test(`a connection on which ${what} comes is ended`, async (t) => {
    const { open, connections } = await serve(t);
    assert.equal(await text(open(sent)), '');
    await until('the connection to end', async () => (await connections()) === 0);
  });
}

test('a line that is too long, or has no end, is not kept', async (t) => {
  const { open, connections } = await serve(t, echo, { ...limits, patienceMs: 60_000 });
  const line = (length: number): string => `{"a":"${'x'.repeat(length - 8)}"}`;
  assert.match(await text(open(`${line(100)}\n`)), /^\{"response":"done"/);
  for (const sent of [`${line(101)}\n`, line(101), 'x'.repeat(1 << 20)]) {
    const socket = open(sent).resume();
    await until('the connection to be closed', () => socket.closed);
  }
  await until('the server to be free', async () => (await connections()) === 0);
});

test('connections that ask for nothing are few, and then others are answered', async (t) => {
  const { open, connections } = await serve(t);
  const idle = Array.from({ length: 100 }, () => open().resume());
  await until('the surplus to be closed', () => idle.filter((socket) => socket.closed).length >= 92);
  assert.ok((await connections()) <= 8);
  await until('all to be closed', () => idle.every((socket) => socket.closed));
  assert.match(await text(open('{}\n')), /^\{"response":"done"/);
});

test('an answer that nobody reads is given up, and one that takes long is not', async (t) => {
  let finish: (() => void) | undefined;
  const slow = (): Promise<ControlResponse> =>
    new Promise((resolve) => {
      finish = () => resolve({ response: 'done', message: 'x'.repeat(64 << 20) });
    });
  const { open, connections } = await serve(t, slow, { ...limits, patienceMs: 50 });
  const socket = open('{}\n').pause();
  await once(socket, 'connect');
  const other = open();
  await until('a connection without a request to end', () => other.closed || other.resume().closed);
  await until('the request', () => finish !== undefined);
  assert.equal(await connections(), 1);
  finish?.();
  await until('the connection to end', async () => (await connections()) === 0);
});
