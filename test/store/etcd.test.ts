import { describeStoreContract } from '../contract/store.ts';
import { EtcdBed } from './etcd/bed.ts';
import { shareServer } from './etcd/shared-server.ts';

const server = shareServer();

describeStoreContract('etcd', () => EtcdBed.make(server()));
