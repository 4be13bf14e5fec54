/** The namespace of the Kubernetes API that holds the daemons' account, as in flannel's manifest. */
const namespace = 'kube-flannel';
/** The name of the daemons' ServiceAccount. */
const account = 'heddle';
/** The name of the role with its rights, and of its binding. They have no namespace, and the manifest in deploy/ has its own. */
const role = 'heddle-lab';

/** The lifetime of a token in seconds: a year. A lab does not renew tokens. */
const tokenSeconds = 31_536_000;

/** A request that creates an object of the Kubernetes API. */
export interface Creation {
  readonly path: string;
  readonly object: object;
}

/**
 * The requests that create the daemons' ServiceAccount with the rights that heddle needs in a cluster, and no other. A lab's daemons know
 * their Nodes by name, so they need not read Pods.
 */
export const accountCreations: readonly Creation[] = [
  {
    path: '/api/v1/namespaces',
    object: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
  },
  {
    path: `/api/v1/namespaces/${namespace}/serviceaccounts`,
    object: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: account } },
  },
  {
    path: '/apis/rbac.authorization.k8s.io/v1/clusterroles',
    object: {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: role },
      rules: [
        { apiGroups: [''], resources: ['nodes'], verbs: ['get', 'list', 'watch'] },
        { apiGroups: [''], resources: ['nodes/status'], verbs: ['patch'] },
      ],
    },
  },
  {
    path: '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
    object: {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: role },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
      subjects: [{ kind: 'ServiceAccount', name: account, namespace }],
    },
  },
];

/** The request for a token of the daemons' ServiceAccount. The answer has it in `status.token`. */
export const tokenCreation: Creation = {
  path: `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`,
  object: {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { expirationSeconds: tokenSeconds },
  },
};

/** An annotation that a kubelet gives to its Node. flanneld cannot write its own ones to a Node without any. */
const kubeletAnnotations = { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' };

/** The request that registers a node with its subnets, as a kubelet and kube-controller-manager do together. */
export function nodeCreation(name: string, podCIDRs: readonly string[]): Creation {
  return {
    path: '/api/v1/nodes',
    object: {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name, annotations: kubeletAnnotations },
      spec: { podCIDRs, podCIDR: podCIDRs[0] },
    },
  };
}

/** The way in which a user reaches an API server. */
interface ClusterAccess {
  /** The URL: `https://172.30.0.200:6443` */
  readonly server: string;
  /** The text of the certificate that the server's certificate is checked with. */
  readonly certificate: string;
  readonly token: string;
}

/** The text of a kubeconfig file, which heddle, flanneld and kubectl read. */
export function writeKubeconfig(
  { server, certificate, token }: ClusterAccess,
  encode: (text: string) => string,
): string {
  const name = 'lab';
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server, 'certificate-authority-data': encode(certificate) } }],
    users: [{ name, user: { token } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
  });
}
