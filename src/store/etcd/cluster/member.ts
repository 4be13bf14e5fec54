import type { Etcd3 } from 'etcd3';

import { MemberConnection, type WatchStream } from './connection.ts';
import type { Endpoint } from '../endpoint.ts';
import type { Credentials, FreshCredentials } from './fresh-credentials.ts';
import type { EtcdTiming } from '../options.ts';

/** The parts that the connections to all members of a cluster share. */
export interface MemberAccess {
  readonly credentials: FreshCredentials;
  readonly timing: EtcdTiming;
}

/**
 * One member of the cluster. When the credentials change, the member makes a new connection; the old one lives until its last user
 * has ended. Methods throw the errors of etcd3 and grpc-js.
 */
export class EtcdMember {
  readonly endpoint: Endpoint;
  readonly #access: MemberAccess;
  #connection: MemberConnection | undefined;
  #isClosed = false;

  constructor(endpoint: Endpoint, access: MemberAccess) {
    this.endpoint = endpoint;
    this.#access = access;
  }

  /** The longest time that a request takes, in milliseconds. */
  get requestMs(): number {
    return this.#access.timing.requestMs;
  }

  /** Makes one request. Repeats it once if the token had expired, or if the credentials changed meanwhile. */
  async request<T>(request: (client: Etcd3) => Promise<T>): Promise<T> {
    const connection = this.#connect(await this.#access.credentials.current());
    try {
      return await connection.request(request);
    } catch (error) {
      const credentials = await this.#access.credentials.look();
      if (credentials === connection.credentials) throw error;
      return this.#connect(credentials).request(request);
    }
  }

  async openWatch(): Promise<WatchStream> {
    return this.#connect(await this.#access.credentials.look()).openWatch();
  }

  /** Makes the next request log in again. */
  forgetToken(): void {
    this.#connection?.forgetToken();
  }

  close(): void {
    this.#isClosed = true;
    this.#connection?.close();
  }

  #connect(credentials: Credentials): MemberConnection {
    const current = this.#connection;
    if (current?.credentials === credentials) return current;
    current?.retire();
    const connection = new MemberConnection(this.endpoint, credentials, this.#access.timing);
    this.#connection = connection;
    if (this.#isClosed) connection.close();
    return connection;
  }
}
