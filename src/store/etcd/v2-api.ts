import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { TlsCredentials } from './cluster/credentials.ts';
import { isSecure, type Endpoint } from './endpoint.ts';

/** The time that a member may take, in milliseconds. It is short because the answer only explains a failure. */
const patienceMs = 2000;

/** The largest answer that is read, in bytes. */
const largestAnswer = 1 << 20;

/**
 * Whether the v2 API of any of these members holds a value under a key. etcd 3.4 and 3.5 serve that API if they are told to, and it is a
 * store of its own. A member that does not answer holds nothing.
 */
export async function hasV2Value(
  endpoints: readonly Endpoint[],
  tls: TlsCredentials,
  key: string,
): Promise<boolean> {
  const answers = await Promise.all(endpoints.map((endpoint) => ask(endpoint, tls, key)));
  return answers.some((answer) => isValue(answer));
}

function isValue(answer: string | undefined): boolean {
  if (answer === undefined) return false;
  try {
    const { node } = JSON.parse(answer) as { readonly node?: { readonly value?: unknown } };
    return typeof node?.value === 'string';
  } catch {
    return false;
  }
}

function ask(endpoint: Endpoint, tls: TlsCredentials, key: string): Promise<string | undefined> {
  const path = key.split('/').map(encodeURIComponent).join('/');
  const url = `${endpoint}/v2/keys/${path.replace(/^\//, '')}`;
  const { authorities: ca, identity } = tls;
  const options = { timeout: patienceMs, signal: AbortSignal.timeout(patienceMs) };
  return new Promise((resolve) => {
    const request = isSecure(endpoint)
      ? requestHttps(url, { ...options, ca, cert: identity?.certificate, key: identity?.key })
      : requestHttp(url, options);
    request.on('error', () => resolve(undefined));
    request.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
        if (text.length > largestAnswer) request.destroy();
      });
      response.on('error', () => resolve(undefined));
      response.on('close', () => resolve(response.statusCode === 200 ? text : undefined));
    });
    request.end();
  });
}
