import { kubernetesKind } from '../../store/kubernetes/kind.ts';
import { programPath } from '../process/program-path.ts';
import { kubeconfigFile, nodeShare } from '../protocol.ts';
import type { StoreHosting } from './hosting.ts';

/** The name of the network configuration in the share, as in flannel's ConfigMap. */
const networkFile = 'net-conf.json';

/**
 * The hosting of Kubernetes: a real API server and its etcd on a host of their own, a Node with podCIDRs for each node, and a
 * ServiceAccount for their daemons. A lab does not run kubelets or controllers.
 */
export const kubernetesHosting: StoreHosting = {
  kind: kubernetesKind,
  serverName: 'apiserver',
  assignsSubnets: true,
  takesLeases: false,
  canRequireCertificates: false,
  programs: () => ['etcd'],
  async check() {
    const { findKubeApiServer } = await import('../inside/store/kubernetes/find-program.ts');
    findKubeApiServer(programPath(process.env['PATH']));
  },
  // Each node's variable NODE_NAME names its Node.
  values: () => ({ kubeconfigFile, netConfigPath: `${nodeShare}/${networkFile}` }),
  flanneldOptions: () => [
    '-kube-subnet-mgr',
    `-kubeconfig-file=${kubeconfigFile}`,
    `-net-config-path=${nodeShare}/${networkFile}`,
  ],
  toolVariables: () => ({ KUBECONFIG: kubeconfigFile }),
  async start({ host }, spec, changes, onStep) {
    if (host === undefined) throw new Error('the API server needs a host on the underlay');
    const { LabApiServer } = await import('../inside/store/kubernetes/api-server.ts');
    const server = await LabApiServer.start({ host, networkFile, onStep }, spec, changes);
    return { server, writeNetwork: (document) => server.writeNetwork(document), leases: undefined };
  },
};
