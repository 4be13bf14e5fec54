import { etcdKind } from '../../store/etcd/kind.ts';
import { nodeShare } from '../protocol.ts';
import type { StoreHosting, StorePlace } from './hosting.ts';

/** The files that a client needs if etcd requires certificates, as nodes see them. */
const clientFiles = {
  caFile: `${nodeShare}/tls/ca.crt`,
  certFile: `${nodeShare}/tls/client.crt`,
  keyFile: `${nodeShare}/tls/client.key`,
} as const;

/** The hosting of etcd: a real etcd on a host of its own. */
export const etcdHosting: StoreHosting = {
  kind: etcdKind,
  serverName: 'etcd',
  assignsSubnets: false,
  takesLeases: true,
  canRequireCertificates: true,
  programs: (tls) => (tls ? ['etcd', 'openssl'] : ['etcd']),
  values: (place) => ({ endpoints: endpointOf(place), ...(place.tls && clientFiles) }),
  flanneldOptions: (place) => [
    `-etcd-endpoints=${endpointOf(place)}`,
    ...(place.tls
      ? [
          `-etcd-cafile=${clientFiles.caFile}`,
          `-etcd-certfile=${clientFiles.certFile}`,
          `-etcd-keyfile=${clientFiles.keyFile}`,
        ]
      : []),
  ],
  toolVariables: (place) => ({
    ETCDCTL_API: '3',
    ETCDCTL_ENDPOINTS: endpointOf(place),
    ...(place.tls && {
      ETCDCTL_CACERT: clientFiles.caFile,
      ETCDCTL_CERT: clientFiles.certFile,
      ETCDCTL_KEY: clientFiles.keyFile,
    }),
  }),
  async start(place, spec, changes) {
    const { LabEtcd } = await import('../inside/store/etcd.ts');
    const { tls } = place;
    const server = await LabEtcd.start(
      { host: hostOf(place), endpoint: endpointOf(place), tls },
      spec,
      changes,
    );
    return { server, writeNetwork: (document) => server.writeNetwork(document), leases: server.leases };
  },
};

/** The URL of etcd: `http://172.30.0.200:2379` */
function endpointOf(place: StorePlace): string {
  return `${place.tls ? 'https' : 'http'}://${hostOf(place).ipv4.address}:2379`;
}

function hostOf({ host }: StorePlace): NonNullable<StorePlace['host']> {
  if (host === undefined) throw new Error('etcd needs a host on the underlay');
  return host;
}
