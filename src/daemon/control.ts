import http from 'node:http';
import { join } from 'node:path';
import type { ExitMode } from './options.ts';
import type { TakenDown } from './take-down.ts';

/** The control socket's name in the state directory. */
export const controlSocketName = 'heddle.sock';

export interface ControlHandlers {
  /** What `GET /status` answers. */
  readonly status: () => unknown;
  /** What `POST /stop` does; its result is answered before the daemon exits. */
  readonly stop: (request: StopRequest) => Promise<TakenDown>;
}

export interface StopRequest {
  readonly onExit: ExitMode;
  readonly releaseLease: boolean;
}

/** The daemon's side: HTTP with JSON, on a unix socket that only root can reach. Not listening yet. */
export function createControlServer(handlers: ControlHandlers): http.Server {
  return http.createServer((request, response) => {
    void answer(request, handlers).then(({ status, body }) => {
      response.writeHead(status, { 'content-type': 'application/json', connection: 'close' });
      response.end(`${JSON.stringify(body)}\n`);
    });
  });
}

async function answer(
  request: http.IncomingMessage,
  handlers: ControlHandlers,
): Promise<{ status: number; body: unknown }> {
  try {
    switch (`${request.method ?? ''} ${request.url ?? ''}`) {
      case 'GET /status':
        return { status: 200, body: handlers.status() };
      case 'POST /stop':
        return { status: 200, body: await handlers.stop(JSON.parse(await readAll(request)) as StopRequest) };
      default:
        return { status: 404, body: { error: 'There are GET /status and POST /stop.' } };
    }
  } catch (error) {
    return { status: 500, body: { error: error instanceof Error ? error.message : String(error) } };
  }
}

async function readAll(stream: AsyncIterable<unknown>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

/** The other side: asks the daemon of a state directory. Undefined if none is running there. */
export function askDaemon(
  stateDirectory: string,
  method: 'GET' | 'POST',
  path: string,
  body?: unknown,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const request = http.request(
      { socketPath: join(stateDirectory, controlSocketName), method, path },
      (response) => {
        readAll(response).then((text) => resolve(JSON.parse(text)), reject);
      },
    );
    request.on('error', (error: NodeJS.ErrnoException) => {
      const nobody = error.code === 'ENOENT' || error.code === 'ECONNREFUSED' || error.code === 'ENOTDIR';
      if (nobody) resolve(undefined);
      else reject(error);
    });
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
