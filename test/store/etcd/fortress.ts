import type { IPermission as Permission } from 'etcd3';

import { rangeFrom } from '../../../src/store/etcd/layout.ts';
import type { EtcdStoreOptions } from '../../../src/store/etcd/options.ts';
import { Authority, type CertificateFiles } from './certificates.ts';
import { ownLoopbackAddress } from './loopback.ts';
import { EtcdServer } from './server.ts';

export const password = 'correct horse battery staple';
const prefix = '/coreos.com/network';

/**
 * A cluster as a careful operator runs it: TLS both ways, and users who may touch no more than they need: `root`;
 * `heddle`, who may do all under flannel's prefix; `node` likewise, by certificate; `least`, who may do what
 * docs/operations.md calls the least that a node needs; `reader`, who may only read; `guest`, who may do nothing.
 */
export class Fortress {
  readonly authority: Authority;
  readonly stranger: Authority;
  readonly server: EtcdServer;
  readonly node: CertificateFiles;

  private constructor(authority: Authority, stranger: Authority, server: EtcdServer, node: CertificateFiles) {
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
    this.authority.destroy();
    this.stranger.destroy();
  }

  async #enableUsers(): Promise<void> {
    const { auth } = await this.server.client(undefined, this.node);
    for (const name of ['root', 'heddle', 'node', 'least', 'reader', 'guest'])
      await auth.userAdd({ name, password });
    await auth.roleAdd({ name: 'root' });
    await auth.userGrantRole({ user: 'root', role: 'root' });
    for (const name of ['network', 'least', 'reader']) await auth.roleAdd({ name });
    const grant = (name: string, perm: Permission): Promise<unknown> =>
      auth.roleGrantPermission({ name, perm });
    await grant('network', { permType: 'Readwrite', ...rangeFrom(`${prefix}/`) });
    await grant('least', {
      permType: 'Read',
      key: Buffer.from(`${prefix}/config`),
      range_end: Buffer.alloc(0),
    });
    await grant('least', { permType: 'Readwrite', ...rangeFrom(`${prefix}/subnets/`) });
    await grant('reader', { permType: 'Read', ...rangeFrom(`${prefix}/`) });
    await auth.userGrantRole({ user: 'reader', role: 'reader' });
    for (const user of ['heddle', 'node']) await auth.userGrantRole({ user, role: 'network' });
    await auth.userGrantRole({ user: 'least', role: 'least' });
    await auth.authEnable();
  }
}
