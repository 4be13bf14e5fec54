import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import { Failure } from '../../../../diagnostic/failure.ts';
import { programCommand } from '../../../../host/files/package-files.ts';
import { enterHost, type Holder } from '../../node/holder.ts';
import type { Creation } from './cluster-objects.ts';

/** The wait for an answer, in milliseconds. A busy machine starts an API server slowly. */
const silenceMs = 15_000;

/** The end of the relay that this process sees, and the address of the API server. */
interface RelayPlace {
  readonly holder: Holder;
  /** The path of the relay's socket, as the host sees it. */
  readonly socketInHost: string;
  /** The same path, as this process sees it. */
  readonly socket: string;
  readonly address: string;
  readonly port: number;
}

/** The administrator of the cluster in a lab. It works in the lab's first process, which reaches the API server through a relay. */
export class ApiClient {
  readonly #relay: ChildProcess;
  readonly #place: RelayPlace;
  readonly #token: string;

  private constructor(relay: ChildProcess, place: RelayPlace, token: string) {
    this.#relay = relay;
    this.#place = place;
    this.#token = token;
  }

  /** Starts the relay. Throws a {@link Failure}. */
  static async open(place: RelayPlace, token: string): Promise<ApiClient> {
    const { holder, socket, socketInHost, address, port } = place;
    await rm(socket, { force: true });
    const program = programCommand('lab/inside/store/kubernetes/relay');
    const [file, ...args] = enterHost(holder, [...program, socketInHost, address, String(port)]);
    const relay = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    relay.stdin.on('error', () => undefined);
    const refuse = new AbortController();
    relay.on('error', () => refuse.abort()).on('exit', () => refuse.abort());
    try {
      await once(relay.stdout, 'data', { signal: refuse.signal });
    } catch (cause) {
      throw new Failure('internal', 'the relay to the API server ended early', { cause });
    }
    return new ApiClient(relay, place, token);
  }

  /** Whether the API server serves. */
  async isReady(certificate: string): Promise<boolean> {
    try {
      return (await this.#ask('GET', '/readyz', certificate)).status === 200;
    } catch {
      return false;
    }
  }

  /** Creates an object, and returns the answer. Throws a {@link Failure} with the API server's words. */
  async create({ path, object }: Creation, certificate: string): Promise<unknown> {
    const { status, body } = await this.#ask('POST', path, certificate, object).catch((cause: unknown) => {
      throw new Failure('lab-failed', `the API server does not answer POST ${path}: ${String(cause)}`, {
        cause,
      });
    });
    if (status >= 200 && status < 300) return JSON.parse(body) as unknown;
    throw new Failure('lab-failed', `the API server answered POST ${path} with the status ${status}`, {
      detail: body,
    });
  }

  close(): void {
    this.#relay.stdin?.end();
  }

  async #ask(
    method: string,
    path: string,
    certificate: string,
    object?: object,
  ): Promise<{ readonly status: number; readonly body: string }> {
    const { socket, address } = this.#place;
    const asked = request({
      socketPath: socket,
      method,
      path,
      ca: certificate,
      // TLS sends no server name for an address, but checks it.
      host: address,
      agent: false,
      timeout: silenceMs,
      headers: { Authorization: `Bearer ${this.#token}`, 'Content-Type': 'application/json' },
    });
    asked.on('timeout', () => asked.destroy(new Error(`no answer within ${silenceMs / 1000} s`)));
    asked.end(object && JSON.stringify(object));
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    return { status: response.statusCode ?? 0, body: await text(response) };
  }
}
