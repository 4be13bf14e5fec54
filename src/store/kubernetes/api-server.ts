import http from 'node:http';
import https from 'node:https';
import { text } from 'node:stream/consumers';
import { explainError } from '../../host/system-error.ts';
import { CursorLostError, StoreError } from '../store.ts';
import { refusedError, type RefusedRequest } from './errors.ts';
import type { KubeConfig } from './kube-config.ts';
import type { KubernetesTiming } from './options.ts';

/** The part of a request that proves who this node is, and that the server is the right one. */
interface Credentials extends https.RequestOptions {
  readonly headers: Record<string, string>;
}

/** A request of the Kubernetes API. */
interface ApiRequest {
  /** The purpose, as a verb phrase: `list the Nodes`. */
  readonly action: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** The body of a strategic merge patch. Without one, the request is a GET. */
  readonly patch?: string;
}

/**
 * Makes requests of one API server. `@kubernetes/client-node` finds its address and proves who this node is, for each request again:
 * a token or a certificate may have been renewed on disk.
 */
export class ApiServer {
  readonly #load: (closed: AbortSignal) => KubeConfig;
  readonly #timing: KubernetesTiming;
  readonly #closing = new AbortController();
  #config: KubeConfig;
  /** The credentials that are being found. */
  #credentials: Promise<Credentials> | undefined;

  /**
   * Throws a {@link StoreError} for a configuration that cannot be used.
   *
   * @param load reads the configuration; its argument is aborted when the store is closed
   */
  constructor(load: (closed: AbortSignal) => KubeConfig, timing: KubernetesTiming) {
    this.#load = load;
    this.#timing = timing;
    this.#config = load(this.#closing.signal);
  }

  /** The name for messages: `the Kubernetes API server https://10.0.0.1:6443`. */
  get description(): string {
    return `the Kubernetes API server ${this.#url.origin}`;
  }

  /** Aborted when the store is closed. */
  get closed(): AbortSignal {
    return this.#closing.signal;
  }

  close(): void {
    this.#closing.abort();
  }

  /** Makes a request and reads the whole answer as JSON. Throws a {@link StoreError} or a CursorLostError. */
  async request(request: ApiRequest): Promise<unknown> {
    return this.read(request, async (answer) => JSON.parse(await text(answer)) as unknown);
  }

  /** Makes a request and reads the whole answer in the caller's way. Throws a {@link StoreError} or a CursorLostError. */
  async read<T>(request: ApiRequest, reader: (answer: http.IncomingMessage) => Promise<T>): Promise<T> {
    const limit = AbortSignal.any([AbortSignal.timeout(this.#timing.requestMs), this.#closing.signal]);
    try {
      return await reader(await this.open(request, limit));
    } catch (error) {
      throw this.#explain(request, error, limit);
    }
  }

  /**
   * Begins a request, and returns the answer if the API server carries the request out. The signal ends the request and the answer. Throws a
   * {@link StoreError} or a CursorLostError.
   */
  async open(request: ApiRequest, signal: AbortSignal): Promise<http.IncomingMessage> {
    let response = await this.#send(request, signal);
    if (response.statusCode === 401) {
      // The library keeps a token for a minute. A renewed one is on disk already.
      response.resume();
      this.#config = this.#load(this.#closing.signal);
      response = await this.#send(request, signal);
    }
    const { statusCode: status = 0 } = response;
    if (status >= 200 && status < 300) return response;
    const refused: RefusedRequest = { status, body: await text(response) };
    throw refusedError(request.action, this.description, refused);
  }

  get #url(): URL {
    return new URL(this.#config.getCurrentCluster()?.server ?? '');
  }

  async #send(
    { action, path, query, patch }: ApiRequest,
    signal: AbortSignal,
  ): Promise<http.IncomingMessage> {
    const credentials = await this.#authenticate(action, signal);
    const headers: Record<string, string> = { ...credentials.headers, Accept: 'application/json' };
    const url = this.#url;
    url.pathname = `${url.pathname.replace(/\/$/, '')}${path}`;
    url.search = new URLSearchParams(query).toString();
    const body = patch === undefined ? undefined : Buffer.from(patch);
    if (body !== undefined) {
      headers['Content-Type'] = 'application/strategic-merge-patch+json';
      headers['Content-Length'] = String(body.length);
    }
    const library = url.protocol === 'https:' ? https : http;
    return new Promise((resolve, reject) => {
      const method = body === undefined ? 'GET' : 'PATCH';
      const sent = library.request(url, { ...credentials, headers, method, signal }, resolve);
      sent.once('socket', (socket) => socket.setKeepAlive(true, this.#timing.keepAliveMs));
      sent.once('error', (error) => reject(this.#explain({ action }, error, signal)));
      sent.end(body);
    });
  }

  /** Finds the credentials: reads files, or runs a plugin. If the plugin hangs, later requests wait for the same run of it. */
  async #authenticate(action: string, signal: AbortSignal): Promise<Credentials> {
    this.#credentials ??= readCredentials(this.#config).finally(() => (this.#credentials = undefined));
    try {
      return await Promise.race([this.#credentials, rejectWhenAborted(signal)]);
    } catch (error) {
      const because = signal.aborted ? 'the plugin does not answer' : explainError(error).trim();
      const message = `cannot ${action}: this node's credentials for ${this.description} cannot be read: ${because}`;
      throw new StoreError(message, { retryable: !this.#closing.signal.aborted, cause: error });
    }
  }

  /** The error for a request that had no answer, or not all of it. */
  #explain({ action }: Pick<ApiRequest, 'action'>, error: unknown, signal: AbortSignal): Error {
    if (error instanceof StoreError || error instanceof CursorLostError) return error;
    const because = this.#closing.signal.aborted
      ? 'the store is closed'
      : signal.aborted
        ? `it does not answer within ${this.#timing.requestMs / 1000} s`
        : explainError(error);
    return new StoreError(`cannot ${action}: ${this.description}: ${because}`, {
      retryable: !this.#closing.signal.aborted,
      cause: error,
    });
  }
}

async function readCredentials(config: KubeConfig): Promise<Credentials> {
  const credentials: Credentials = { headers: {} };
  await config.applyToHTTPSOptions(credentials);
  const { headers } = credentials;
  // A file with a token often ends with a line feed, which no header may have.
  const { Authorization: token } = headers;
  if (token !== undefined) headers['Authorization'] = token.trimEnd();
  return credentials;
}

function rejectWhenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason as Error);
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}
