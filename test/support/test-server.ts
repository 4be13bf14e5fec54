import { once } from 'node:events';
import { connect, type AddressInfo, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

/** A server under test, on a port of the loopback. */
export interface TestServer {
  /** Opens a connection and sends text. */
  readonly open: (sent?: string) => Socket;
  readonly connections: () => Promise<number>;
}

/** Lets a server listen until the end of the test. The connections that the test opens end with it. */
export async function serveForTest(t: TestContext, server: Server): Promise<TestServer> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  return {
    open(sent = '') {
      const socket = connect(port, '127.0.0.1').on('error', () => undefined);
      t.after(() => socket.destroy());
      socket.write(sent);
      return socket;
    },
    connections: () =>
      new Promise((resolve, reject) =>
        server.getConnections((error, count) => (error === null ? resolve(count) : reject(error))),
      ),
  };
}
