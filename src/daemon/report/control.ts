import { existsSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Failure } from '../../diagnostic/failure.ts';
import type { LongWait } from '../../event/event.ts';
import {
  findDaemonOfDeleted,
  findOwningProcess,
  isStopped,
  type OwningProcess,
} from '../../host/state/daemon-process.ts';
import { downCommand } from '../../host/state/down-command.ts';
import { whileWaiting } from '../../host/interruption.ts';
import { controlSocketPath } from '../../host/state/instance.ts';
import { hasErrorCode } from '../../host/system-error.ts';
import type { ExitMode } from '../setup/options.ts';
import type { TakeDownResult } from '../network/take-down.ts';
import { createLimitedServer, LongBodyError, readBody, type ServerLimits } from './limited-server.ts';

export interface ControlHandlers {
  /** The answer to `GET /status`; undefined if a daemon is not running. */
  readonly status: () => unknown;
  /** The answer to `GET /waits`: the commands that run now, the oldest first. Undefined for a daemon that does not tell. */
  readonly waits?: () => readonly LongWait[];
  /** The answer to `POST /probe`: the status after a probe of every peer. Undefined for a daemon that does not probe. */
  readonly probe?: () => Promise<unknown>;
  /** The action of `POST /stop`; its result is sent before the daemon exits. */
  readonly stop: (request: StopRequest) => Promise<TakeDownResult>;
}

export interface StopRequest {
  readonly onExit: ExitMode;
  readonly releaseLease: boolean;
}

/**
 * The limits of the control socket. Only the daemon's own user asks, now and then, so more connections are an accident. A stop is answered
 * when the network is down.
 */
const limits: ServerLimits = { connections: 64, silenceMs: undefined };

/** The longest body of a request, in bytes. */
const longestBody = 4096;

/** Creates the daemon's side of the control socket: HTTP with JSON, on a unix socket that only root can reach. It does not listen yet. */
export function createControlServer(handlers: ControlHandlers): http.Server {
  return createLimitedServer(async (request) => {
    const { status, body } = await answer(request, handlers);
    return { status, type: 'application/json', body: `${JSON.stringify(body)}\n` };
  }, limits);
}

async function answer(
  request: http.IncomingMessage,
  handlers: ControlHandlers,
): Promise<{ status: number; body: unknown }> {
  try {
    switch (`${request.method ?? ''} ${request.url ?? ''}`) {
      case 'GET /status':
        return answerStatus(handlers.status());
      case 'GET /waits':
        return answerStatus(handlers.waits?.());
      case 'POST /probe':
        return answerStatus(await handlers.probe?.());
      case 'POST /stop': {
        const body = await readBody(request, longestBody);
        return { status: 200, body: await handlers.stop(JSON.parse(body) as StopRequest) };
      }
      default:
        return {
          status: 404,
          body: { error: 'Only GET /status, GET /waits, POST /probe and POST /stop are available.' },
        };
    }
  } catch (error) {
    const status = error instanceof LongBodyError ? 413 : 500;
    return { status, body: { error: error instanceof Error ? error.message : String(error) } };
  }
}

function answerStatus(status: unknown): { status: number; body: unknown } {
  if (status === undefined) return { status: 404, body: { error: 'The daemon is not running.' } };
  return { status: 200, body: status };
}

async function readAll(stream: AsyncIterable<unknown>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

/** The errors that mean that no daemon listens, or that it died before it answered. */
const nobodyThere = ['ENOENT', 'ENOTDIR', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE'];

/** The time in which a live daemon answers, in milliseconds, and the interval of the checks during a stop. */
const answerMs = 4000;
const signOfLifeMs = 2000;

/**
 * Sends a request to the daemon of a state directory. Undefined if none is running there. Throws a Failure if this user may not ask, or if
 * the daemon does not answer. A stop may take as long as its commands, but the daemon must give signs of life.
 *
 * @param given throws an AbortError when it is aborted; the daemon may still do what it was asked for
 */
export async function askDaemon(
  stateDirectory: string,
  method: 'GET' | 'POST',
  path: string,
  body?: unknown,
  given?: AbortSignal,
): Promise<unknown> {
  const answered = new AbortController();
  const signal = given === undefined ? answered.signal : AbortSignal.any([answered.signal, given]);
  const asked = ask(stateDirectory, method, path, body, signal);
  const watched =
    method === 'GET' ? expectAnswer(stateDirectory) : expectLife(stateDirectory, path, answered.signal);
  asked.catch(() => undefined);
  watched.catch(() => undefined);
  try {
    const answer = await whileWaiting({ what: nameDaemon(stateDirectory) }, () =>
      Promise.race([asked, watched]),
    );
    if (answer === undefined) await refuseDeleted(stateDirectory);
    return answer;
  } finally {
    answered.abort();
  }
}

/** The daemon of a state directory, as a noun. */
export function nameDaemon(stateDirectory: string): string {
  return `the heddle daemon with the state directory ${stateDirectory}`;
}

/** Throws a Failure if a daemon runs although its socket does not answer, because its state directory was deleted. */
async function refuseDeleted(stateDirectory: string): Promise<void> {
  if (existsSync(join(stateDirectory, 'journal'))) return;
  const pid = await findDaemonOfDeleted(stateDirectory);
  if (pid === undefined) return;
  throw new Failure(
    'unresponsive',
    `process ${pid}, ${nameDaemon(stateDirectory)}, runs, but that directory was deleted, so it cannot be asked`,
    { hint: `wait a few seconds, in which it makes the directory again, or stop it with kill -TERM ${pid}` },
  );
}

async function expectAnswer(stateDirectory: string): Promise<never> {
  await delay(answerMs, undefined, { ref: false });
  throw await describeSilence(stateDirectory);
}

/** Throws a Failure if the daemon stops giving signs of life while it has a request for `path`. */
async function expectLife(stateDirectory: string, path: string, answered: AbortSignal): Promise<never> {
  for (;;) {
    await askDaemon(stateDirectory, 'GET', '/status').catch((error: unknown) => {
      throw path === '/stop' && error instanceof SilentDaemon ? error.afterStop() : error;
    });
    await delay(signOfLifeMs, undefined, { signal: answered });
  }
}

/** The failure of a daemon that does not answer. */
class SilentDaemon extends Failure {
  readonly #pid: number | 'PID';

  /**
   * @param who the daemon, as the subject of a sentence
   * @param down the command that takes its network down
   */
  constructor(who: string, process: OwningProcess | undefined, down: string) {
    const why = process !== undefined && isStopped(process) ? ': it is stopped, as by SIGSTOP' : '';
    const pid = process?.pid ?? 'PID';
    super('unresponsive', `${who} did not answer within ${answerMs / 1000} s${why}`, {
      hint: `if it is stopped, continue it with kill -CONT ${pid}; otherwise end it with kill -KILL ${pid} and take its network down with ${down}`,
    });
    this.#pid = pid;
  }

  /** The failure where the daemon was asked to stop: its socket keeps the request. */
  afterStop(): Failure {
    const hint = `the request is still pending: the daemon takes its network down as soon as it continues (kill -CONT ${this.#pid}, if it is stopped); to withdraw the request, end the daemon with kill -KILL ${this.#pid}, which leaves its network up`;
    return new Failure(this.kind, this.message, { hint, cause: this });
  }
}

async function describeSilence(stateDirectory: string): Promise<SilentDaemon> {
  const found = await findOwningProcess(stateDirectory);
  const daemon = nameDaemon(stateDirectory);
  const who = found === undefined ? daemon : `process ${found.pid}, ${daemon},`;
  return new SilentDaemon(who, found, downCommand(stateDirectory));
}

function ask(
  stateDirectory: string,
  method: 'GET' | 'POST',
  path: string,
  body: unknown,
  signal: AbortSignal,
): Promise<unknown> {
  const socketPath = controlSocketPath(stateDirectory);
  return new Promise((resolve, reject) => {
    const settle = (error: Error): void => {
      if (hasErrorCode(error, ...nobodyThere)) resolve(undefined);
      else reject(hasErrorCode(error, 'EACCES', 'EPERM') ? refuseStranger(stateDirectory, error) : error);
    };
    const request = http.request({ socketPath, method, path, signal }, (response) => {
      const read = (text: string): unknown => (response.statusCode === 404 ? undefined : JSON.parse(text));
      readAll(response).then((text) => resolve(read(text)), settle);
    });
    request.on('error', settle);
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function refuseStranger(stateDirectory: string, cause: unknown): Failure {
  return new Failure(
    'privilege',
    `permission denied: only its own user can reach the daemon with the state directory ${stateDirectory}`,
    {
      hint: 'run this as the user of heddle up, usually root',
      cause,
    },
  );
}
