import { once } from 'node:events';
import type http from 'node:http';
import { Failure } from '../../diagnostic/failure.ts';
import { explainError, hasErrorCode } from '../../host/system-error.ts';
import { isLoopback } from '../../network/address-scope.ts';
import { parseAddress } from '../../network/cidr.ts';
import type { MetricsAddress } from '../setup/options.ts';
import { createLimitedServer, type HttpAnswer, type ServerLimits } from './limited-server.ts';
import type { Metrics } from './metrics.ts';

/** The limits for metrics: a few monitors at once. The daemon needs its descriptors for commands and leases. */
const limits: ServerLimits = { connections: 32, silenceMs: 10_000 };

/** Serves `GET /metrics` until closed. Throws a {@link Failure} if it cannot listen at the address. */
export async function serveMetrics(
  metrics: Metrics,
  { host, port }: MetricsAddress,
): Promise<{ close: () => void }> {
  const server = createLimitedServer((request) => answer(request, metrics), limits);
  server.listen({ port, ...(host !== undefined && { host }) });
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new Failure(
      hasErrorCode(error, 'EACCES') ? 'privilege' : 'listen',
      `cannot listen for metrics at ${host ?? '*'} port ${port}: ${explainError(error)}`,
      { hint: 'give another --metrics-address', cause: error },
    );
  }
  return {
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function answer({ method, url }: http.IncomingMessage, metrics: Metrics): Promise<HttpAnswer> {
  const refuse = (status: number, body: string): HttpAnswer => ({ status, type: 'text/plain', body });
  if (method !== 'GET' && method !== 'HEAD') return refuse(405, 'Only GET is available.\n');
  if (url?.split('?')[0] !== '/metrics') return refuse(404, 'Only /metrics is available.\n');
  try {
    return { status: 200, type: metrics.contentType, body: await metrics.render() };
  } catch (error) {
    return refuse(500, `${error instanceof Error ? error.message : String(error)}\n`);
  }
}

/** A warning for an address that other machines may reach, because metrics have no password; undefined for loopback. */
export function warnOfMetricsAddress({ host, port }: MetricsAddress): string | undefined {
  const address = host === undefined ? undefined : parseAddress(host);
  if (address !== undefined && isLoopback(address)) return undefined;
  const where = host === undefined ? `every address of this machine, port ${port},` : `${host} port ${port}`;
  return (
    `metrics are served at ${where} without a password: whoever reaches that port can read them; ` +
    'use a loopback address, or let a firewall admit only the monitoring'
  );
}
