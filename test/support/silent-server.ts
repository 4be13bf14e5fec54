import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { ownLoopbackAddress } from '../store/etcd/loopback.ts';
import { until } from './until.ts';

/** How long a connection on the loopback may take before its packets count as swallowed, in milliseconds. */
const swallowedMs = 300;
const port = 2379;

/** A server that never answers. */
export interface SilentServer {
  readonly endpoint: string;
  close(): void;
}

/**
 * Starts a server that is stopped as by SIGSTOP. `mute`: the kernel still makes connections for it, and nothing comes. `black hole`: its
 * queue is full, so the kernel swallows whoever asks for a connection.
 */
export async function startSilentServer(kind: 'mute' | 'black hole'): Promise<SilentServer> {
  const host = ownLoopbackAddress();
  const backlog = kind === 'mute' ? 100 : 0;
  const script = `require('net').createServer().listen({ host: '${host}', port: ${port}, backlog: ${backlog} }, () => {
    console.log('listening');
    process.kill(process.pid, 'SIGSTOP');
  })`;
  const server = spawn('setpriv', ['--pdeathsig', 'KILL', process.execPath, '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(createInterface({ input: server.stdout }), 'line');
  const fillers: Socket[] = [];
  const isFull = async (): Promise<boolean> => {
    const socket = connect(port, host);
    socket.on('error', () => undefined);
    fillers.push(socket);
    return new Promise((resolve) => {
      socket.once('connect', () => resolve(false));
      setTimeout(() => resolve(true), swallowedMs);
    });
  };
  if (kind === 'black hole') await until('the queue of the server to be full', isFull);
  return {
    endpoint: `http://${host}:${port}`,
    close: () => {
      for (const socket of fillers) socket.destroy();
      server.kill('SIGKILL');
    },
  };
}
