import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { explainError } from '../../host/system-error.ts';
import { StoreError } from '../store.ts';
import type { KubernetesStoreOptions } from './options.ts';

export type { KubeConfig };

/**
 * Reads how the API server is reached, as flanneld does: the kubeconfig file and the URL, where they are given; otherwise the ServiceAccount
 * of this pod. Throws a {@link StoreError}.
 */
export function loadKubeConfig({
  kubeconfigFile,
  apiUrl,
}: Pick<KubernetesStoreOptions, 'kubeconfigFile' | 'apiUrl'>): KubeConfig {
  const config = new KubeConfig();
  if (kubeconfigFile !== undefined) loadFile(config, kubeconfigFile);
  else if (apiUrl !== undefined) {
    config.loadFromClusterAndUser(
      { name: 'cluster', server: apiUrl, skipTLSVerify: false },
      { name: 'user' },
    );
  } else if (process.env['KUBERNETES_SERVICE_HOST']) config.loadFromCluster();
  else {
    throw new StoreError(
      'the API server of Kubernetes is not known, because this process does not run in a pod',
      {
        retryable: false,
        hint: 'give --kubeconfig-file or --kube-api-url',
      },
    );
  }
  const cluster = config.getCurrentCluster();
  if (cluster === null) {
    throw new StoreError(`${kubeconfigFile ?? 'the configuration'} has no cluster for its current context`, {
      retryable: false,
      hint: 'set current-context, and the cluster that this context names',
    });
  }
  const server = apiUrl ?? cluster.server;
  if (!URL.canParse(server) || !/^https?:$/.test(new URL(server).protocol)) {
    throw new StoreError(
      `the URL of the API server is ${JSON.stringify(server)}, which is not an http or https URL`,
      {
        retryable: false,
      },
    );
  }
  const { clusters, users, contexts, currentContext } = config;
  // The library takes http only where nobody expects a certificate.
  const isPlain = new URL(server).protocol === 'http:';
  const changed = { ...cluster, server, skipTLSVerify: cluster.skipTLSVerify || isPlain };
  config.loadFromOptions({
    clusters: clusters.map((each) => (each === cluster ? changed : each)),
    users,
    contexts,
    currentContext,
  });
  return config;
}

function loadFile(config: KubeConfig, file: string): void {
  try {
    config.loadFromFile(file);
  } catch (error) {
    throw new StoreError(`cannot read the kubeconfig file ${file}: ${explainError(error)}`, {
      retryable: false,
      cause: error,
    });
  }
}
