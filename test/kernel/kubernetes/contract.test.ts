import { describeStoreContract } from '../../contract/store.ts';
import { KubernetesBed } from './bed.ts';
import { shareApiServer, skip } from './kube-api-server.ts';

const server = shareApiServer();

// A Node has its lease for as long as it exists, nobody else can take it, and the API server leaves out a write that changes nothing.
describeStoreContract('kubernetes', () => Promise.resolve(new KubernetesBed(server())), {
  skip,
  lacks: ['network', 'expiry', 'reservations', 'race', 'rewrite', 'any-key'],
});
