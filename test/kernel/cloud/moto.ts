import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { moto } from '../../../scripts/test/clouds.js';
import { endChild } from '../../support/end-child.ts';
import { until } from '../../support/until.ts';

/** A moto server: an EC2 that keeps what it is told, on a port of the loopback. */
export interface Moto {
  readonly url: string;
  end(): Promise<void>;
}

/** Starts a moto server. It ends with this process at the latest. */
export async function startMoto(): Promise<Moto> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  const server = spawn(
    'setpriv',
    ['--pdeathsig', 'SIGKILL', '--', moto, '-H', '127.0.0.1', '-p', String(port)],
    { stdio: 'ignore' },
  );
  const answers = async () => {
    if (server.exitCode !== null) throw new Error(`moto_server exited with ${server.exitCode}`);
    return fetch(url).then(
      ({ ok }) => ok,
      () => false,
    );
  };
  await until('moto to answer', answers).catch(async (error: unknown) => {
    await endChild(server, 'SIGKILL');
    throw error;
  });
  return { url, end: () => endChild(server, 'SIGKILL') };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
