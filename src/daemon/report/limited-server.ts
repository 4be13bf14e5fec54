import http from 'node:http';
import type { Socket } from 'node:net';

/** The limits of a server with untrusted clients. */
export interface ServerLimits {
  /**
   * The most connections at once, because each is a descriptor of the daemon. A further one takes the place of the oldest one whose
   * request is not being answered, so that idle clients do not keep out others.
   */
  readonly connections: number;
  /** The time for which a connection may be silent, in milliseconds; undefined if an answer may take as long as it needs. */
  readonly silenceMs: number | undefined;
  readonly patience?: Patience;
}

/** The time that a client has, in milliseconds. */
interface Patience {
  /** The time for the head of a request, from the beginning of the connection. */
  readonly headMs: number;
  /** The time for the whole request. */
  readonly requestMs: number;
  /** The interval between checks of these times. */
  readonly lookMs: number;
}

const usualPatience: Patience = { headMs: 5000, requestMs: 10_000, lookMs: 2000 };

/** The longest head of a request, in bytes. */
const longestHead = 8192;

/** The answer to a request. */
export interface HttpAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/**
 * Creates an HTTP server that no client can keep busy for long or fill with connections. It takes one request for each connection, and
 * closes connections that are half open, slow or too large. It does not listen yet.
 */
export function createLimitedServer(
  answer: (request: http.IncomingMessage) => Promise<HttpAnswer>,
  { connections, silenceMs, patience = usualPatience }: ServerLimits,
): http.Server {
  const answering = new Set<Socket>();
  const server = http.createServer(
    {
      maxHeaderSize: longestHead,
      headersTimeout: patience.headMs,
      requestTimeout: patience.requestMs,
      connectionsCheckingInterval: patience.lookMs,
    },
    (request, response) => {
      answering.add(request.socket);
      void answer(request).then(({ status, type, body }) => {
        answering.delete(request.socket);
        // The connection ends with the answer, even if the client sends more.
        response.writeHead(status, {
          'content-type': type,
          'content-length': Buffer.byteLength(body),
          connection: 'close',
        });
        response.end(request.method === 'HEAD' ? '' : body);
      });
    },
  );
  limitConnections(server, connections, answering);
  if (silenceMs !== undefined) server.setTimeout(silenceMs);
  return server;
}

/** Closes the oldest connection that is not in `answering` whenever there are more than `most`. */
export function limitConnections(server: http.Server, most: number, answering: ReadonlySet<Socket>): void {
  // A set has its members in the order in which they came.
  const open = new Set<Socket>();
  server.on('connection', (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    if (open.size <= most) return;
    const oldest = [...open].find((each) => !answering.has(each)) ?? socket;
    open.delete(oldest);
    oldest.destroy();
  });
}

/** The body of a request was longer than allowed. */
export class LongBodyError extends Error {
  override readonly name = 'LongBodyError';
}

/** Reads the body of a request. Throws a {@link LongBodyError} if it has more than `mostBytes` bytes. */
export async function readBody(request: http.IncomingMessage, mostBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  // The request is not destroyed at its end, because the answer goes over the same socket.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    chunks.push(chunk as Buffer);
    length += (chunk as Buffer).length;
    if (length > mostBytes)
      throw new LongBodyError(`the body of the request has more than ${mostBytes} bytes`);
  }
  return Buffer.concat(chunks).toString('utf8');
}
