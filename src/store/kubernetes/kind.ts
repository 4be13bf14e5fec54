import { resolve } from 'node:path';
import { Failure } from '../../diagnostic/failure.ts';
import type { StoreChoice, StoreKind, StoreOptions, ValuesOf } from '../kind.ts';
import type { KubernetesStoreOptions, NodeReference } from './options.ts';

/** flanneld's options with their variables, and the variables that tell a pod where it runs. */
const options = {
  subnetManager: {
    name: '--kube-subnet-mgr',
    truthDefault: false,
    description: 'the leases are the Nodes of the cluster, as with --store kubernetes',
    variable: 'FLANNELD_KUBE_SUBNET_MGR',
  },
  kubeconfigFile: {
    name: '--kubeconfig-file',
    placeholder: 'file',
    description: 'the kubeconfig file; without it and without --kube-api-url: the ServiceAccount of this pod',
    variable: 'FLANNELD_KUBECONFIG_FILE',
    isDetail: true,
  },
  apiUrl: {
    name: '--kube-api-url',
    placeholder: 'url',
    description: 'the URL of the API server; it replaces the URL in the kubeconfig file',
    variable: 'FLANNELD_KUBE_API_URL',
    isDetail: true,
  },
  annotationPrefix: {
    name: '--kube-annotation-prefix',
    placeholder: 'prefix',
    description: "the prefix of the Nodes' annotations",
    variable: 'FLANNELD_KUBE_ANNOTATION_PREFIX',
    default: 'flannel.alpha.coreos.com',
    isDetail: true,
  },
  netConfigPath: {
    name: '--net-config-path',
    placeholder: 'file',
    description: 'the file with the network configuration',
    variable: 'FLANNELD_NET_CONFIG_PATH',
    default: '/etc/kube-flannel/net-conf.json',
    isDetail: true,
  },
  setNodeNetworkUnavailable: {
    name: '--set-node-network-unavailable',
    truthDefault: true,
    description: 'set the condition NetworkUnavailable of the Node to False once the network is up',
    variable: 'FLANNELD_SET_NODE_NETWORK_UNAVAILABLE',
    isDetail: true,
  },
  nodeName: {
    name: '--kube-node-name',
    placeholder: 'name',
    description: 'the name of the Node (the object in the Kubernetes API) of this machine',
    variable: 'NODE_NAME',
    isDetail: true,
  },
  podName: {
    name: '--kube-pod-name',
    placeholder: 'name',
    description: 'the pod of heddle; without --kube-node-name, heddle finds its Node through this pod',
    variable: 'POD_NAME',
    isDetail: true,
  },
  podNamespace: {
    name: '--kube-pod-namespace',
    placeholder: 'name',
    description: 'the namespace of the pod that --kube-pod-name names',
    variable: 'POD_NAMESPACE',
    isDetail: true,
  },
} as const satisfies StoreOptions;

interface KubernetesChoice extends StoreChoice, Omit<KubernetesStoreOptions, 'timing' | 'pageSize'> {
  readonly kind: 'kubernetes';
}

/** The Kubernetes kind: a lease is a Node of a cluster, as with flanneld's `--kube-subnet-mgr`. */
export const kubernetesKind: StoreKind = {
  name: 'kubernetes',
  options,
  mayBringNetwork: false,
  async choose(values: ValuesOf<typeof options>): Promise<KubernetesChoice> {
    const { annotationNames } = await import('./annotations.ts');
    const { kubeconfigFile, apiUrl, annotationPrefix, netConfigPath, setNodeNetworkUnavailable } = values;
    annotationNames(annotationPrefix);
    const node = referToNode(values);
    return {
      kind: 'kubernetes',
      // The deployment file has no absent fields, and choices are compared with it.
      ...(kubeconfigFile && { kubeconfigFile: resolve(kubeconfigFile) }),
      ...(apiUrl && { apiUrl }),
      annotationPrefix,
      netConfigPath: resolve(netConfigPath),
      setNodeNetworkUnavailable,
      ...(node && { node }),
    };
  },
  argumentsOf: (choice: KubernetesChoice) => {
    const { kubeconfigFile, apiUrl, netConfigPath } = choice;
    return [
      ...['--store', 'kubernetes', '--net-config-path', netConfigPath],
      ...(kubeconfigFile === undefined ? [] : ['--kubeconfig-file', kubeconfigFile]),
      ...(apiUrl === undefined ? [] : ['--kube-api-url', apiUrl]),
    ];
  },
  networkEditor: ({ netConfigPath }: KubernetesChoice) =>
    `kubectl edit configmap, for the ConfigMap that is mounted at ${netConfigPath}`,
  async open(choice: KubernetesChoice, mode) {
    if (mode === 'read-write' && choice.node === undefined) {
      throw new Failure('usage', "this node's Node is not known", {
        hint: 'give --kube-node-name, or set the variable NODE_NAME, or POD_NAME and POD_NAMESPACE',
      });
    }
    const { openKubernetesStore } = await import('./store.ts');
    return openKubernetesStore(choice);
  },
};

function referToNode({
  nodeName,
  podName,
  podNamespace,
}: Pick<ValuesOf<typeof options>, 'nodeName' | 'podName' | 'podNamespace'>): NodeReference | undefined {
  if (nodeName) return { kind: 'node', name: nodeName };
  if (podName && podNamespace) return { kind: 'pod', namespace: podNamespace, name: podName };
  return undefined;
}
