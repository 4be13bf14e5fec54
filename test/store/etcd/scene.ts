import type { EtcdStoreOptions } from '../../../src/store/etcd/options.ts';
import { openEtcdStore } from '../../../src/store/etcd/store.ts';
import type { LeaseStore } from '../../../src/store/store.ts';
import { BackgroundFollower } from './background-follower.ts';
import { FaultProxy } from './proxy.ts';
import { EtcdServer } from './server.ts';

/** Far less patient than a node, so that a test need not wait. */
export const hasty = { requestMs: 500, keepaliveMs: 200, keepaliveTimeoutMs: 200 };

export const value = '{"PublicIP":"172.30.0.1","PublicIPv6":null,"BackendType":"host-gw"}';

/** An etcd of its own and everything around it that a test of faults opens; all of it is gone afterwards. */
export class Scene implements AsyncDisposable {
  readonly server: EtcdServer;
  /** A store that no fault touches. */
  readonly direct: LeaseStore;
  readonly #closers: (() => Promise<unknown>)[] = [];
  #written = 0;

  private constructor(server: EtcdServer, direct: LeaseStore) {
    this.server = server;
    this.direct = direct;
    this.#closers.push(
      () => server.destroy(),
      () => direct.close(),
    );
  }

  static async make(): Promise<Scene> {
    const server = await EtcdServer.start();
    return new Scene(server, await openEtcdStore({ endpoints: [server.endpoint] }));
  }

  async openProxy(): Promise<FaultProxy> {
    const proxy = await FaultProxy.open(this.server.address);
    this.#closers.push(() => proxy[Symbol.asyncDispose]());
    return proxy;
  }

  async openStore(
    proxies: readonly FaultProxy[],
    options: Partial<EtcdStoreOptions> = {},
  ): Promise<LeaseStore> {
    const endpoints = proxies.map((proxy) => proxy.endpoint());
    const store = await openEtcdStore({ endpoints, timing: hasty, ...options });
    this.#closers.push(() => store.close());
    return store;
  }

  /** Follows a store, once it has seen the store's first snapshot. */
  async follow(store: LeaseStore): Promise<BackgroundFollower> {
    const following = new BackgroundFollower(store);
    this.#closers.push(() => following[Symbol.asyncDispose]());
    await following.until(() => following.snapshots > 0);
    return following;
  }

  /** Writes some leases, and removes one that was there before. */
  async change(): Promise<void> {
    const [first] = (await this.direct.list()).records;
    if (first !== undefined) await this.direct.remove(first);
    for (let index = 0; index < 3; index += 1) {
      this.#written += 1;
      await this.direct.create(`10.50.${this.#written}.0-24`, value, 600);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const close of this.#closers.reverse()) await close();
  }
}
