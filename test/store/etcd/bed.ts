import { randomUUID } from 'node:crypto';

import type { Etcd3 } from 'etcd3';

import type { EtcdStoreOptions } from '../../../src/store/etcd/options.ts';
import { openEtcdStore } from '../../../src/store/etcd/store.ts';
import type { LeaseStore } from '../../../src/store/store.ts';
import type { StoreBed } from '../../contract/store.ts';
import type { EtcdServer } from './server.ts';

/** Keys of one test's own in a server that several tests share. */
export class EtcdBed implements StoreBed {
  readonly prefix = `/heddle.test/${randomUUID()}`;
  readonly server: EtcdServer;
  /** etcd3 itself. */
  readonly raw: Etcd3;
  readonly #stores: LeaseStore[] = [];

  private constructor(server: EtcdServer, raw: Etcd3) {
    this.server = server;
    this.raw = raw;
  }

  static async make(server: EtcdServer): Promise<EtcdBed> {
    return new EtcdBed(server, await server.client());
  }

  async open(options: Partial<EtcdStoreOptions> = {}): Promise<LeaseStore> {
    const store = await openEtcdStore({
      endpoints: [this.server.endpoint],
      prefix: this.prefix,
      ...options,
    });
    this.#stores.push(store);
    return store;
  }

  now(): number {
    return Date.now();
  }

  /**
   * Ends the etcd leases that would expire by then, in the way etcd itself does: expiry, too, is a revocation. That a
   * lease does expire by itself, another test waits for.
   */
  async letPass(seconds: number): Promise<void> {
    const { leases } = await this.raw.leaseClient.leaseLeases();
    for (const { ID } of leases) {
      const { TTL } = await this.raw.leaseClient.leaseTimeToLive({ ID });
      if (Number(TTL) <= seconds) await this.raw.leaseClient.leaseRevoke({ ID });
    }
  }

  async spoil(key: string, text: string): Promise<void> {
    await this.raw.put(`${this.prefix}/subnets/${key}`).value(text);
  }

  async destroy(): Promise<void> {
    await Promise.all(this.#stores.map((store) => store.close()));
    await this.raw.delete().prefix(this.prefix);
    this.raw.close();
  }
}
