import { after, before } from 'node:test';

import { describeStoreContract } from '../contract/store.ts';
import { EtcdBed } from './etcd/bed.ts';
import { EtcdServer } from './etcd/server.ts';

let server: EtcdServer;
before(
  async () => {
    server = await EtcdServer.start();
  },
  { timeout: 30_000 },
);
after(() => server.destroy());

describeStoreContract('etcd', () => EtcdBed.make(server));
