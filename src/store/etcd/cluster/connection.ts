import type { Duplex } from 'node:stream';

import { InterceptingCall, type CallOptions, type Interceptor } from '@grpc/grpc-js';
import { noop } from 'cockatiel';
import { Etcd3, type IOptions, type IWatchRequest, type IWatchResponse } from 'etcd3';

import { retries } from '../../../time/retry.ts';
import type { TlsCredentials } from './credentials.ts';
import { isSecure, type Endpoint } from '../endpoint.ts';
import type { Credentials } from './fresh-credentials.ts';
import { statusCode, statusOf } from '../errors.ts';
import type { EtcdTiming } from '../options.ts';
import { MemberSockets } from './silent-sockets.ts';

/** The messages of a watch, oldest first. */
export interface WatchStream extends AsyncIterable<IWatchResponse> {
  write(request: IWatchRequest): void;
  /** Ends the stream on both sides. Its reader gets the error. */
  end(error?: Error): void;
}

/**
 * The connection to one member with fixed credentials. It uses only the typed requests of etcd3. Retries, failover and authentication are
 * heddle's own, so that every failure is seen once, soon, and with its cause. Methods throw the errors of etcd3 and grpc-js.
 */
export class MemberConnection {
  readonly credentials: Credentials;
  readonly #timing: EtcdTiming;
  readonly #sockets: MemberSockets;
  readonly #client: Etcd3;
  /** The login that has succeeded or is under way. */
  #login: Promise<void> | undefined;
  #token: string | undefined;

  /** The number of requests and watches under way. */
  #uses = 0;
  #isRetired = false;

  constructor(endpoint: Endpoint, credentials: Credentials, timing: EtcdTiming) {
    this.credentials = credentials;
    this.#timing = timing;
    this.#sockets = new MemberSockets(timing);
    this.#client = new Etcd3({
      hosts: endpoint,
      ...toCredentials(endpoint, credentials.tls),
      // Without these, etcd3 has policies of its own, which retry and open circuits. It accepts only cockatiel's policies, and this one
      // does nothing.
      faultHandling: { global: noop, host: () => noop },
      grpcOptions: {
        // etcd is usually near. If it is not, flannel's client does not use a web proxy either.
        'grpc.enable_http_proxy': 0,
        // A page of leases or a burst of changes may exceed gRPC's default of 4 MiB.
        'grpc.max_receive_message_length': -1,
        'grpc.keepalive_time_ms': timing.keepaliveMs,
        'grpc.keepalive_timeout_ms': timing.keepaliveTimeoutMs,
        'grpc.initial_reconnect_backoff_ms': retries.connection.firstMs,
        'grpc.max_reconnect_backoff_ms': retries.connection.capMs,
      },
      defaultCallOptions: ({ method, isStream }) => this.#callOptions(method, isStream),
    });
  }

  /** Makes one request. Repeats it once if its only fault was an expired token. */
  async request<T>(request: (client: Etcd3) => Promise<T>): Promise<T> {
    const { run, end } = this.#use();
    try {
      return await run(() => this.#request(request));
    } finally {
      end();
    }
  }

  async #request<T>(request: (client: Etcd3) => Promise<T>): Promise<T> {
    const login = this.#logIn();
    await login;
    try {
      return await request(this.#client);
    } catch (error) {
      if (this.credentials.login === undefined || !wantsNewToken(error)) throw error;
      if (this.#login === login) this.forgetToken();
      await this.#logIn();
      return request(this.#client);
    }
  }

  async openWatch(): Promise<WatchStream> {
    const { run, end } = this.#use();
    try {
      return await run(() => this.#openWatch(end));
    } catch (error) {
      end();
      throw error;
    }
  }

  async #openWatch(end: () => void): Promise<WatchStream> {
    await this.#logIn();
    const stream = await this.#client.watchClient.watch();
    // The streams of grpc-js are Node's, but etcd3 types only one half of them.
    const duplex = stream as unknown as Duplex & AsyncIterable<IWatchResponse>;
    duplex.once('close', end);
    return {
      [Symbol.asyncIterator]: () => duplex[Symbol.asyncIterator](),
      write: (request) => {
        stream.write(request);
      },
      end: (error) => {
        // The stream is destroyed first: otherwise etcd3 takes its end for a failure and drops every connection to this member.
        duplex.destroy(error);
        stream.cancel();
      },
    };
  }

  /** Makes the next request log in again. */
  forgetToken(): void {
    this.#login = undefined;
    this.#token = undefined;
  }

  close(): void {
    this.#client.close();
  }

  /** Closes the connection once nothing uses it any more. */
  retire(): void {
    this.#isRetired = true;
    if (this.#uses === 0) this.close();
  }

  /** Begins a use of the connection, and counts it until its end. */
  #use(): ReturnType<MemberSockets['begin']> {
    const call = this.#sockets.begin();
    let isOver = false;
    this.#uses += 1;
    const end = (): void => {
      call.end();
      if (isOver) return;
      isOver = true;
      this.#uses -= 1;
      if (this.#isRetired && this.#uses === 0) this.close();
    };
    return { run: call.run, end };
  }

  #logIn(): Promise<void> {
    return (this.#login ??= this.#authenticate().catch((error: unknown) => {
      this.forgetToken();
      throw error;
    }));
  }

  async #authenticate(): Promise<void> {
    const { login } = this.credentials;
    if (login === undefined) return;
    try {
      const { token } = await this.#client.auth.authenticate(login);
      this.#token = token;
    } catch (error) {
      // This etcd does not ask for a login. flannel's client goes on in the same way.
      if (statusOf(error)?.details.includes('authentication is not enabled') !== true) throw error;
    }
  }

  #callOptions(method: string, isStream: boolean): CallOptions {
    const token = method === 'authenticate' ? undefined : this.#token;
    return {
      interceptors: [addMetadata(token)],
      ...(!isStream && { deadline: Date.now() + this.#timing.requestMs }),
    };
  }
}

function toCredentials(endpoint: Endpoint, { authorities, identity }: TlsCredentials): Partial<IOptions> {
  if (!isSecure(endpoint) || (authorities === undefined && identity === undefined)) return {};
  const credentials = {
    rootCertificate: authorities,
    ...(identity !== undefined && { privateKey: identity.key, certChain: identity.certificate }),
  };
  // The type of etcd3 requires authorities; without them grpc-js uses those that Node knows.
  return { credentials: credentials as IOptions['credentials'] & object };
}

/** Whether an error asks for a login: `user name is empty` means that authentication was enabled after this login. */
function wantsNewToken(error: unknown): boolean {
  const status = statusOf(error);
  if (status === undefined) return false;
  return (
    status.code === statusCode.unauthenticated ||
    /user name is empty|revision of auth store is old/.test(status.details)
  );
}

/**
 * Adds to each call what etcd's own client adds: the token, and the demand that a member without a leader refuse at once. Renames one
 * error, because etcd3 repeats its request without end.
 */
function addMetadata(token: string | undefined): Interceptor {
  return (options, nextCall) =>
    new InterceptingCall(nextCall(options), {
      start(metadata, _listener, next) {
        metadata.set('hasleader', 'true');
        if (token !== undefined) metadata.set('token', token);
        next(metadata, {
          onReceiveStatus(status, nextStatus) {
            const isRefused = status.details.includes('invalid auth token');
            nextStatus(isRefused ? { ...status, details: 'token refused' } : status);
          },
        });
      },
    });
}
