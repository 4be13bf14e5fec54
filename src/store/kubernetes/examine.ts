import { text } from 'node:stream/consumers';
import { clockLead } from '../http-date.ts';
import type { ApiServer } from './api-server.ts';

/** Checks that this process may watch the Nodes. Throws a StoreError if it may not. */
export function examineWatching(server: ApiServer): Promise<void> {
  const query = { watch: 'true', timeoutSeconds: '1' };
  return server.read({ action: 'watch the Nodes', path: '/api/v1/nodes', query }, (answer) => {
    // The server answers at once if it carries the request out.
    answer.destroy();
    return Promise.resolve();
  });
}

/**
 * The time by which this machine's clock is ahead of that of the API server, in milliseconds, from the Date header of an answer. Undefined
 * without such a header. Throws a StoreError.
 */
export function readServerClockLead(server: ApiServer): Promise<number | undefined> {
  const sentAt = Date.now();
  const request = { action: 'list the Nodes', path: '/api/v1/nodes', query: { limit: '1' } };
  return server.read(request, async (answer) => {
    const lead = clockLead(answer.headers.date, sentAt);
    await text(answer);
    return lead;
  });
}
