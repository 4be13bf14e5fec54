import http from 'node:http';
import https from 'node:https';
import { text } from 'node:stream/consumers';
import { explainError } from '../../host/system-error.ts';
import { CursorLostError, StoreError } from '../store.ts';
import { refusedError, type RefusedRequest } from './errors.ts';
import type { KubeConfig } from './kube-config.ts';
import type { KubernetesTiming } from './options.ts';

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
  readonly #load: () => KubeConfig;
  readonly #timing: KubernetesTiming;
  readonly #closing = new AbortController();
  #config: KubeConfig;

  /** Throws a {@link StoreError} for a configuration that cannot be used. */
  constructor(load: () => KubeConfig, timing: KubernetesTiming) {
    this.#load = load;
    this.#timing = timing;
    this.#config = load();
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
      this.#config = this.#load();
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
    const headers: Record<string, string> = { Accept: 'application/json' };
    const options: https.RequestOptions = { headers };
    try {
      await this.#config.applyToHTTPSOptions(options);
    } catch (error) {
      const message = `cannot ${action}: this node's credentials for ${this.description} cannot be read: ${explainError(error)}`;
      throw new StoreError(message, { retryable: true, cause: error });
    }
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
      const sent = library.request(url, { ...options, method, signal }, resolve);
      sent.once('socket', (socket) => socket.setKeepAlive(true, this.#timing.keepAliveMs));
      sent.once('error', (error) => reject(this.#explain({ action }, error, signal)));
      sent.end(body);
    });
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
