import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { TlsCredentials } from './cluster/credentials.ts';
import { clockLead } from '../http-date.ts';
import { isSecure, type Endpoint } from './endpoint.ts';

/** The time that a member may take, in milliseconds. */
const patienceMs = 2000;

/**
 * The time by which this machine's clock is ahead of that of the first of these members that answers, in milliseconds, from the Date header
 * of its HTTP API. Undefined if none answers.
 */
export async function readClockLead(
  endpoints: readonly Endpoint[],
  tls: TlsCredentials,
): Promise<number | undefined> {
  const leads = await Promise.all(endpoints.map((endpoint) => ask(endpoint, tls)));
  return leads.find((lead) => lead !== undefined);
}

function ask(endpoint: Endpoint, tls: TlsCredentials): Promise<number | undefined> {
  const { authorities: ca, identity } = tls;
  const options = { signal: AbortSignal.timeout(patienceMs) };
  const url = `${endpoint}/version`;
  const sentAt = Date.now();
  return new Promise((resolve) => {
    const request = isSecure(endpoint)
      ? requestHttps(url, { ...options, ca, cert: identity?.certificate, key: identity?.key })
      : requestHttp(url, options);
    request.on('error', () => resolve(undefined));
    request.on('response', ({ headers }) => {
      request.destroy();
      resolve(clockLead(headers.date, sentAt));
    });
    request.end();
  });
}
