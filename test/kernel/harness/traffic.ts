import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Host } from './host.ts';

/** Sends one ping, whole or not at all; `size` is that of the whole IP packet. The first one may have to wait for a handshake. */
export async function ping(from: Host, to: string, size = 84): Promise<boolean> {
  const headers = to.includes(':') ? 48 : 28;
  const ran = await from.run([
    ...['ping', '-c', '1', '-W', '7', '-M', 'do', '-s', String(size - headers), to],
  ]);
  return ran.exitCode === 0;
}

const port = 9000;

const receiver = `
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    const hash = crypto.createHash('sha256');
    socket.on('data', (chunk) => hash.update(chunk)).on('end', () => socket.end(hash.digest('hex')));
    server.close();
  });
  server.listen(${port}, '::', () => console.log('listening'));
`;

const sender = `
  const bytes = crypto.randomBytes(1 << 20);
  const socket = net.connect(${port}, process.argv[1], () => socket.end(bytes));
  let reply = '';
  socket.on('data', (chunk) => (reply += chunk)).on('end', () => {
    console.log(reply === crypto.createHash('sha256').update(bytes).digest('hex') ? 'whole' : 'damaged');
  });
`;

/** Sends a megabyte over TCP, which a wrong checksum offload would stop where pings pass, and compares what arrived. */
export async function assertTcpPasses(from: Host, to: Host, address: string): Promise<void> {
  const server = to.start([process.execPath, '-e', receiver]);
  await once(createInterface({ input: server.stdout }), 'line');
  const { stdout, stderr } = await from.run([process.execPath, '-e', sender, address]);
  assert.equal(stdout, 'whole', stderr);
  await server;
}
