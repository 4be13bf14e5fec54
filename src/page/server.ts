import { randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { limitConnections } from '../daemon/report/limited-server.ts';
import { Failure } from '../diagnostic/failure.ts';
import { explainError, hasErrorCode } from '../host/system-error.ts';
import { makePage } from './html.ts';
import type { PageDocument } from './model.ts';

/** The source of a live page. */
export interface PageSource {
  /** Calls back with the document soon, and after each change, until the returned function is called. */
  follow(onChange: (document: PageDocument) => void): () => void;
}

/** A page that is served. */
export interface ServedPage {
  /** The address with the token, for a browser. */
  readonly address: string;
  /** Tells every browser that nothing follows, and ends the server. */
  close(): void;
}

/**
 * The limits of the server: few people look at once, and their browsers ask at once. A further connection takes the place of the oldest one
 * that does not follow the page, so that whoever does not know the token cannot keep out who does.
 */
const mostConnections = 32;
const mostHeadBytes = 8192;
const headMs = 5000;
/** The most bytes that wait for a slow browser. A newer document replaces what it has missed. */
const mostWaitingBytes = 4_000_000;
/** The interval of the lines that keep a silent connection open, in milliseconds. */
const breathMs = 15_000;

/**
 * Serves a page on loopback, to whoever knows the token in its address. Throws a {@link Failure} if it cannot listen.
 *
 * @param at the address of loopback; port 0 for any free one
 */
export async function servePage(
  source: PageSource,
  at: { readonly host: string; readonly port: number },
): Promise<ServedPage> {
  const token = randomBytes(24).toString('base64url');
  // An upgrade may remove the files of the page while this process runs.
  const page = makePage(undefined);
  const followers = new Set<Follower>();
  const following = new Set<Socket>();
  const server = http.createServer(
    { maxHeaderSize: mostHeadBytes, headersTimeout: headMs, requestTimeout: 2 * headMs },
    (request, response) => {
      answer(request, response, { token, page }, () => {
        const follower = new Follower(response, source);
        followers.add(follower);
        following.add(request.socket);
        response.once('close', () => {
          followers.delete(follower);
          following.delete(request.socket);
        });
      });
    },
  );
  limitConnections(server, mostConnections, following);
  server.listen({ host: at.host, port: at.port });
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new Failure(
      hasErrorCode(error, 'EACCES') ? 'privilege' : 'listen',
      `cannot listen for the page at ${at.host} port ${at.port}: ${explainError(error)}`,
      { hint: 'give --page another port', cause: error },
    );
  }
  // Else the daemon would end when it has too few descriptors for one more connection.
  server.on('error', () => undefined);
  const { port } = server.address() as AddressInfo;
  const host = at.host.includes(':') ? `[${at.host}]` : at.host;
  return {
    address: `http://${host}:${port}/?token=${token}`,
    close: () => {
      for (const follower of followers) follower.end();
      server.close();
      server.closeIdleConnections();
    },
  };
}

const commonHeaders = {
  'cache-control': 'no-store',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { token, page }: { readonly token: string; readonly page: ReturnType<typeof makePage> },
  follow: () => void,
): void {
  // A URL would throw an error for a target such as `//`, and end the daemon.
  const [pathname = '', query = ''] = (request.url ?? '').split('?', 2);
  const given = new URLSearchParams(query).get('token') ?? '';
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    refuse(response, 405, 'Only GET is available.');
  } else if (!isOfLoopback(request.headers.host ?? '') || !isSame(given, token)) {
    // A name that another site points at this machine must not open the page, even with a token.
    refuse(response, 403, 'The token is missing or wrong. Open the address that heddle printed.');
  } else if (pathname === '/events') {
    response.writeHead(200, { ...commonHeaders, 'content-type': 'text/event-stream; charset=utf-8' });
    if (request.method === 'HEAD') response.end();
    else follow();
  } else if (pathname === '/') {
    const { html, policy } = page;
    response.writeHead(200, {
      ...commonHeaders,
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': `${policy}; frame-ancestors 'none'`,
      connection: 'close',
    });
    response.end(request.method === 'HEAD' ? '' : html);
  } else refuse(response, 404, 'Only / and /events are available.');
}

function refuse(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    ...commonHeaders,
    'content-type': 'text/plain; charset=utf-8',
    connection: 'close',
  });
  response.end(`${text}\n`);
}

function isOfLoopback(host: string): boolean {
  return /^(?:127(?:\.\d{1,3}){3}|localhost|\[::1\])(?::\d+)?$/i.test(host);
}

/** Compares in a time that does not depend on the place of the first difference. */
function isSame(given: string, token: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(token)];
  return one.length === other.length && timingSafeEqual(one, other);
}

/** A browser that gets every document as a server-sent event. */
class Follower {
  readonly #response: ServerResponse;
  readonly #stop: () => void;
  readonly #breath: NodeJS.Timeout;
  /** The last document, if the browser was too slow for it. */
  #missed: PageDocument | undefined;

  constructor(response: ServerResponse, source: PageSource) {
    this.#response = response;
    this.#breath = setInterval(() => response.write(': still here\n\n'), breathMs);
    this.#stop = source.follow((document) => this.#send(document));
    // Else a browser that missed the last document would show an older one until the next change.
    response.on('drain', () => {
      if (this.#missed !== undefined) this.#send(this.#missed);
    });
    response.on('error', () => undefined);
    response.once('close', () => {
      clearInterval(this.#breath);
      this.#stop();
    });
  }

  #send(document: PageDocument): void {
    const isSlow = this.#response.writableLength > mostWaitingBytes;
    this.#missed = isSlow ? document : undefined;
    if (!isSlow) this.#response.write(`data: ${JSON.stringify(document)}\n\n`);
  }

  end(): void {
    this.#missed = undefined;
    this.#response.end('event: end\ndata: end\n\n');
  }
}
