import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createConnection, createServer, type Socket } from 'node:net';
import { join } from 'node:path';

import type { Host } from '../harness/host.ts';
import type { KubeApiServer } from './kube-api-server.ts';

/** The address of the API server on every host that has a gateway. */
export const gatewayAddress = '127.0.0.1';

/** Listens on a host, and carries each connection to a socket in the file system, which is not in the way of namespaces. */
const relay = `
const net = require('node:net');
const [address, path] = process.argv.slice(1);
net.createServer((near) => {
  const far = net.connect(path);
  near.on('error', () => far.destroy()).on('close', () => far.destroySoon());
  far.on('error', () => near.destroy()).on('close', () => near.destroySoon());
  near.pipe(far).pipe(near);
}).listen(2379, address, () => console.log('listening'));
`;

/**
 * Lets daemons on a host reach an API server that runs outside, until the host's set is closed. Returns a function that closes the way to the
 * server.
 */
export async function openGateway(
  host: Host,
  server: KubeApiServer,
  address = gatewayAddress,
): Promise<() => void> {
  const path = join(server.directory.path, `gateway-${randomUUID()}`);
  const ends = new Set<Socket>();
  const outside = createServer((near) => {
    const far = createConnection({ host: server.address, port: 2379 });
    for (const [end, other] of [
      [near, far],
      [far, near],
    ] as const) {
      ends.add(end);
      end.on('error', () => other.destroy());
      end.on('close', () => {
        ends.delete(end);
        // What has come is still on its way.
        other.destroySoon();
      });
    }
    near.pipe(far).pipe(near);
  });
  outside.listen(path);
  await once(outside, 'listening');
  const inside = host.start([process.execPath, '-e', relay, address, path], { seconds: 300 });
  await once(inside.stdout, 'data');
  return () => {
    outside.close();
    for (const end of ends) end.destroy();
  };
}
