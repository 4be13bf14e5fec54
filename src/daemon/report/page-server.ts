import { once } from 'node:events';
import type http from 'node:http';
import { Failure } from '../../diagnostic/failure.ts';
import { explainError, hasErrorCode } from '../../host/system-error.ts';
import type { ListenAddress } from '../setup/options.ts';
import { createLimitedServer, type HttpAnswer, type ServerLimits } from './limited-server.ts';

/** The limits of a server for monitors: a few at once. The daemon needs its descriptors for commands and leases. */
const limits: ServerLimits = { connections: 32, silenceMs: 10_000 };

/** A page that a server answers with. */
export interface Page {
  /** With its slash: `/metrics`. */
  readonly path: string;
  answer(query: URLSearchParams): Promise<HttpAnswer>;
}

/** The purpose of a server, for messages: `metrics`, and the option with its address. */
interface Purpose {
  readonly noun: string;
  readonly option: string;
}

/** Serves pages to GET and HEAD until closed. Throws a {@link Failure} if it cannot listen at the address. */
export async function servePages(
  pages: readonly Page[],
  { host, port }: ListenAddress,
  { noun, option }: Purpose,
): Promise<{ close: () => void }> {
  const server = createLimitedServer((request) => answer(request, pages), limits);
  server.listen({ port, ...(host !== undefined && { host }) });
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new Failure(
      hasErrorCode(error, 'EACCES') ? 'privilege' : 'listen',
      `cannot listen for ${noun} at ${host ?? '*'} port ${port}: ${explainError(error)}`,
      { hint: `give another ${option}`, cause: error },
    );
  }
  return {
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** A short text as an answer. */
export function plainText(status: number, body: string): HttpAnswer {
  return { status, type: 'text/plain; charset=utf-8', body };
}

async function answer({ method, url }: http.IncomingMessage, pages: readonly Page[]): Promise<HttpAnswer> {
  if (method !== 'GET' && method !== 'HEAD') return plainText(405, 'Only GET is available.\n');
  const [path = '', query = ''] = (url ?? '').split('?', 2);
  const page = pages.find((each) => each.path === path);
  if (page === undefined) {
    const names = pages.map((each) => each.path).join(', ');
    return plainText(404, `Only ${names} ${pages.length === 1 ? 'is' : 'are'} available.\n`);
  }
  try {
    return await page.answer(new URLSearchParams(query));
  } catch (error) {
    return plainText(500, `${error instanceof Error ? error.message : String(error)}\n`);
  }
}
