import assert from 'node:assert/strict';
import http, { type IncomingMessage } from 'node:http';
import type { TestContext } from 'node:test';
import { until } from './until.ts';

/** Follows a page as a browser does, until the test is over. Returns once the page has sent its first document. */
export async function followPage(t: TestContext, address: string): Promise<void> {
  const { origin, search } = new URL(address);
  const request = http.get(`${origin}/events${search}`);
  t.after(() => request.destroy());
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    request.on('response', resolve).on('error', reject);
  });
  assert.equal(answer.statusCode, 200);
  let text = '';
  // The server ends in the middle of the stream.
  answer.setEncoding('utf8').on('data', (part: string) => (text += part));
  answer.on('error', () => undefined);
  await until('the first document of the page', () => text.includes('\n\n'));
}
