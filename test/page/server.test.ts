import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { connect, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { Failure } from '../../src/diagnostic/failure.ts';
import type { PageDocument } from '../../src/page/model.ts';
import { servePage, type PageSource } from '../../src/page/server.ts';
import { until } from '../support/until.ts';
import { labPage } from './lab-of-twenty.ts';

const loopback = '127.0.0.1';

/** A source whose documents the test sends. */
class Source implements PageSource {
  readonly followers = new Set<(document: PageDocument) => void>();

  follow(onChange: (document: PageDocument) => void): () => void {
    this.followers.add(onChange);
    return () => this.followers.delete(onChange);
  }

  send(title: string): void {
    for (const follower of this.followers) follower(labPage({ title }));
  }
}

async function serve(t: TestContext): Promise<{ readonly source: Source; readonly url: URL }> {
  const source = new Source();
  const page = await servePage(source, { host: loopback, port: 0 });
  t.after(() => page.close());
  return { source, url: new URL(page.address) };
}

async function open(t: TestContext, url: URL, text = ''): Promise<Socket> {
  const socket = connect(Number(url.port), loopback).on('error', () => undefined);
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  socket.write(text);
  return socket;
}

const follow = (url: URL): string => `GET /events${url.search} HTTP/1.1\r\nHost: ${url.host}\r\n\r\n`;

test('a browser that was too slow for the last document gets it when it has read the others', async (t) => {
  const { source, url } = await serve(t);
  const browser = await open(t, url, follow(url));
  await until('the browser to follow', () => source.followers.size === 1);
  browser.pause();
  const large = 'x'.repeat(1_000_000);
  for (let index = 0; index < 40; index += 1) source.send(`${large} ${index}`);
  source.send('the last one');
  let text = '';
  browser.setEncoding('utf8').on('data', (part: string) => (text = (text + part).slice(-2_000_000)));
  browser.resume();
  await until('the last document', () => text.includes('"title":"the last one"'));
  assert.ok(!text.includes(' 39"'), 'a document that a newer one replaced was kept for the browser');
});

test('silent connections keep nobody out, and do not end those that follow', async (t) => {
  const { source, url } = await serve(t);
  await open(t, url, follow(url));
  await until('the browser to follow', () => source.followers.size === 1);
  const silent = await Promise.all(Array.from({ length: 40 }, () => open(t, url)));
  const answer = await fetch(url);
  assert.equal(answer.status, 200);
  await until('some silent connections to be closed', () => silent.some(({ destroyed }) => destroyed));
  assert.equal(source.followers.size, 1);
});

test('a port that is in use is refused with its reason', async (t) => {
  const { url } = await serve(t);
  await assert.rejects(servePage(new Source(), { host: loopback, port: Number(url.port) }), (error) => {
    assert.ok(error instanceof Failure);
    assert.equal(error.kind, 'listen');
    assert.match(
      error.message,
      /^cannot listen for the page at 127\.0\.0\.1 port \d+: address already in use/,
    );
    return true;
  });
});

test('a request with the token but another host, method or path is refused', async (t) => {
  const { source, url } = await serve(t);
  const ask = (path: string, headers: http.OutgoingHttpHeaders = {}, method = 'GET'): Promise<number> =>
    new Promise((resolve, reject) => {
      const request = http.request({ host: loopback, port: url.port, path, headers, method }, (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      });
      request.on('error', reject).end();
    });
  const token = url.search;
  for (const host of [
    'example.com',
    `example.com:${url.port}`,
    '127.0.0.1.example.com',
    'localhost.example.com',
  ])
    assert.equal(await ask(`/${token}`, { host }), 403, host);
  for (const host of ['localhost', `127.0.0.1:${url.port}`, '[::1]:9271'])
    assert.equal(await ask(`/${token}`, { host }), 200, host);
  for (const path of ['/', '/?token=', `/${token}x`, '/?token=%', '//', '/events'])
    assert.equal(await ask(path), 403, path);
  assert.equal(await ask(`/${token}`, {}, 'POST'), 405);
  assert.equal(await ask(`/../etc/passwd${token}`), 404);
  assert.equal(source.followers.size, 0);
});
