/** How a Kubernetes store is reached, and what it is about. Paths are absolute. */
export interface KubernetesStoreOptions {
  /** The kubeconfig file; undefined to use the ServiceAccount of this pod, or nothing but {@link apiUrl}. */
  readonly kubeconfigFile?: string | undefined;
  /** The URL of the API server, in place of the configured one. */
  readonly apiUrl?: string | undefined;
  readonly annotationPrefix: string;
  /** The file with the network configuration. */
  readonly netConfigPath: string;
  /** Whether this node's condition NetworkUnavailable is set to False once its network is up. */
  readonly setNodeNetworkUnavailable: boolean;
  /** This node, or the pod that runs on it; undefined for commands that only look. */
  readonly node?: NodeReference | undefined;
  /** The times for tests. */
  readonly timing?: Partial<KubernetesTiming> | undefined;
  /** The number of Nodes that are listed with one request. */
  readonly pageSize?: number | undefined;
}

/** How this node is found among the Nodes. */
export type NodeReference =
  | { readonly kind: 'node'; readonly name: string }
  | { readonly kind: 'pod'; readonly namespace: string; readonly name: string };

/** Limits in milliseconds. */
export interface KubernetesTiming {
  /** A request, up to the end of its answer. */
  readonly requestMs: number;
  /** The time without a word in a watch, after which heddle begins the watch again. */
  readonly silenceMs: number;
  /** The idle time after which the kernel asks whether the other end of a watch's connection is still there. */
  readonly keepAliveMs: number;
}

export const usualTiming: KubernetesTiming = { requestMs: 15_000, silenceMs: 60_000, keepAliveMs: 10_000 };

/** The number of Nodes in one answer. A Node may have 20 KB and more, and all of an answer is in memory at once. */
export const usualPageSize = 250;
