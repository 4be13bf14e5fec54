import type { EtcdStoreOptions } from '../../../src/store/etcd/options.ts';
import { Authority, type Identity } from './certificates.ts';
import { ownLoopbackAddress } from './loopback.ts';
import { EtcdServer } from './server.ts';

export const password = 'correct horse battery staple';
export const prefix = '/coreos.com/network';

/**
 * A cluster as a careful operator runs it: TLS both ways, and users who may touch no more than they need: `root`;
 * `heddle`, who may do what flannel's prefix needs; `guest`, who may do nothing; `node`, by certificate.
 */
export class Fortress {
  readonly authority: Authority;
  readonly stranger: Authority;
  readonly server: EtcdServer;
  readonly node: Identity;

  private constructor(authority: Authority, stranger: Authority, server: EtcdServer, node: Identity) {
    this.authority = authority;
    this.stranger = stranger;
    this.server = server;
    this.node = node;
  }

  static async make(): Promise<Fortress> {
    const authority = await Authority.make();
    const address = ownLoopbackAddress();
    // etcd asks itself by its own certificate, so it must serve clients, too.
    const identity = await authority.issue('etcd', [`IP:${address}`]);
    const tls = { ...identity, caFile: authority.caFile, asksClients: true };
    const server = await EtcdServer.start({ address, tls });
    const node = await authority.issue('node');
    const fortress = new Fortress(authority, await Authority.make(), server, node);
    await fortress.#enableUsers();
    return fortress;
  }

  /** What is right, but for what a test changes. */
  optionsWith(changes: Partial<EtcdStoreOptions> = {}): EtcdStoreOptions {
    return {
      endpoints: [this.server.endpoint],
      caFile: this.authority.caFile,
      ...this.node,
      user: { name: 'heddle', password },
      ...changes,
    };
  }

  async destroy(): Promise<void> {
    await this.server.destroy();
    await this.authority.destroy();
    await this.stranger.destroy();
  }

  async #enableUsers(): Promise<void> {
    const { auth } = await this.server.client(undefined, this.node);
    for (const name of ['root', 'heddle', 'guest', 'node']) await auth.userAdd({ name, password });
    await auth.roleAdd({ name: 'root' });
    await auth.userGrantRole({ user: 'root', role: 'root' });
    await auth.roleAdd({ name: 'network' });
    const [start, end] = [Buffer.from(`${prefix}/`), Buffer.from(`${prefix}0`)];
    const perm = { permType: 'Readwrite', key: start, range_end: end } as const;
    await auth.roleGrantPermission({ name: 'network', perm });
    for (const user of ['heddle', 'node']) await auth.userGrantRole({ user, role: 'network' });
    await auth.authEnable();
  }
}
