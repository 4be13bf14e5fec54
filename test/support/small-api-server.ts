import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

/** An API server with one Node, which can fall silent. It knows only what the daemon of that Node asks for. */
export class SmallApiServer {
  readonly #node = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'node1', uid: 'node1', resourceVersion: '1', annotations: {} },
    spec: { podCIDR: '10.50.7.0/24', podCIDRs: ['10.50.7.0/24'] },
    status: {},
  };
  #isSilent = false;
  endpoint = '';

  static async start(t: TestContext): Promise<SmallApiServer> {
    const api = new SmallApiServer();
    const server = createServer((request, response) => void api.#answer(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => {
      server.close();
      server.closeAllConnections();
    });
    api.endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return api;
  }

  /** Answers nothing from now on, and says nothing to the watches that are open. */
  silence(): void {
    this.#isSilent = true;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks = (await request.toArray()) as readonly Buffer[];
    if (this.#isSilent) return;
    const { pathname, searchParams } = new URL(request.url ?? '/', this.endpoint);
    response.setHeader('content-type', 'application/json');
    if (request.method === 'PATCH') {
      const { metadata } = JSON.parse(Buffer.concat(chunks).toString()) as { metadata?: object };
      const { annotations = {} } = (metadata ?? {}) as { annotations?: object };
      Object.assign(this.#node.metadata.annotations, annotations);
    }
    if (searchParams.has('watch')) response.flushHeaders();
    else if (pathname.endsWith('/nodes')) {
      const list = { apiVersion: 'v1', kind: 'NodeList', metadata: { resourceVersion: '1' } };
      response.end(JSON.stringify({ ...list, items: [this.#node] }));
    } else response.end(JSON.stringify(this.#node));
  }
}
