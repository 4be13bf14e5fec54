import { once } from 'node:events';
import http from 'node:http';
import { Failure } from '../../diagnostic/failure.ts';
import { explainError, hasErrorCode } from '../../host/system-error.ts';
import type { MetricsAddress } from '../setup/options.ts';
import type { Metrics } from './metrics.ts';

/** Serves `GET /metrics` until closed. Throws a {@link Failure} if it cannot listen there. */
export async function serveMetrics(
  metrics: Metrics,
  { host, port }: MetricsAddress,
): Promise<{ close: () => void }> {
  const server = http.createServer((request, response) => {
    void answer(request, metrics).then(({ status, body }) => {
      response.writeHead(status, { 'content-type': status === 200 ? metrics.contentType : 'text/plain' });
      response.end(request.method === 'HEAD' ? '' : body);
    });
  });
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

async function answer(
  { method, url }: http.IncomingMessage,
  metrics: Metrics,
): Promise<{ readonly status: number; readonly body: string }> {
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, body: 'Only GET is available.\n' };
  if (url?.split('?')[0] !== '/metrics') return { status: 404, body: 'Only /metrics is available.\n' };
  try {
    return { status: 200, body: await metrics.render() };
  } catch (error) {
    return { status: 500, body: `${error instanceof Error ? error.message : String(error)}\n` };
  }
}
