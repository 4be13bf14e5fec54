import { createHash, randomBytes, type Hash } from 'node:crypto';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** The bytes that a transfer sends in each direction. */
const transferBytes = 1024 * 1024;

/** The time for which a connection may be silent, in milliseconds: longer than a WireGuard handshake that has to be repeated. */
const silenceMs = 6000;

/**
 * Starts a server that reads a payload up to the client's end. It answers with that payload's SHA-256, a payload of its own, and the
 * SHA-256 of that one.
 */
export function serveTransfers(payload: Buffer): Promise<{ readonly server: Server; readonly port: number }> {
  const digest = sha256(payload);
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const received = createHash('sha256');
    guard(socket);
    socket.on('data', (chunk) => received.update(chunk));
    socket.on('end', () => socket.end(Buffer.concat([received.digest(), payload, digest])));
  });
  return new Promise((resolve, reject) => {
    server.on('error', reject);
    server.listen(0, () => {
      const address = server.address();
      resolve({ server, port: typeof address === 'object' && address ? address.port : 0 });
    });
  });
}

/** Sends a payload to such a server and checks both directions. Resolves with the failure, or undefined. */
export function transfer(address: string, port: number, payload: Buffer): Promise<string | undefined> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect({ host: address, port, allowHalfOpen: true });
    guard(socket);
    socket.on('connect', () => socket.end(payload));
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('end', () => resolve(checkAnswer(Buffer.concat(chunks), sha256(payload))));
    socket.on('error', (error) => resolve(error.message));
    socket.on('close', () => {
      const bytes = chunks.reduce((total, chunk) => total + chunk.length, 0);
      resolve(`the connection stalled after ${bytes} bytes came back`);
    });
  });
}

function checkAnswer(answer: Buffer, sent: Buffer): string | undefined {
  const expected = 32 + transferBytes + 32;
  if (answer.length !== expected) return `${answer.length} bytes came back, instead of ${expected}`;
  if (!answer.subarray(0, 32).equals(sent)) return 'the payload changed on the way there';
  const returned = sha256(answer.subarray(32, 32 + transferBytes));
  return answer.subarray(32 + transferBytes).equals(returned)
    ? undefined
    : 'the payload changed on the way back';
}

/** Ends a connection that is silent for too long. The listeners handle its errors. */
function guard(socket: Socket): void {
  socket.setTimeout(silenceMs, () => socket.destroy());
  socket.on('error', () => socket.destroy());
}

function sha256(bytes: Buffer): Buffer {
  const hash: Hash = createHash('sha256');
  return hash.update(bytes).digest();
}

/** Makes a payload that no link can compress or guess. */
export function makePayload(): Buffer {
  return randomBytes(transferBytes);
}
