import type { NodeStatus } from '../../daemon/report/status.ts';
import { servePage, type ServedPage } from '../server.ts';
import { LiveNode } from './live-node.ts';

/** Serves the page of a node. Throws a Failure if it cannot listen. */
export async function serveNode(
  name: string,
  status: () => NodeStatus | undefined,
  at: { readonly host: string | undefined; readonly port: number },
): Promise<{ readonly page: ServedPage; readonly live: LiveNode }> {
  const live = new LiveNode(name, status);
  return { live, page: await servePage(live, { host: at.host ?? '127.0.0.1', port: at.port }) };
}
