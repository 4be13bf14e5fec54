import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { dirname } from 'node:path';
import { PlainFileError } from '../../host/files/plain-file-error.ts';
import { readNamedFile } from '../../host/files/plain-file.ts';
import { explainError } from '../../host/system-error.ts';
import { StoreError } from '../store.ts';
import { PluginAuthenticator } from './exec-plugin.ts';
import { completeUsers } from './kubeconfig-users.ts';
import type { KubernetesStoreOptions } from './options.ts';

export type { KubeConfig };

/** The largest kubeconfig file, in bytes. Certificates and keys may be in it. */
const largestFile = 4 << 20;

/**
 * Reads how the API server is reached, as flanneld does: the kubeconfig file and the URL, where they are given; otherwise the ServiceAccount
 * of this pod. Throws a {@link StoreError}.
 *
 * @param closed aborted when the store is closed; a plugin that still runs is then ended
 */
export function loadKubeConfig(
  { kubeconfigFile, apiUrl }: Pick<KubernetesStoreOptions, 'kubeconfigFile' | 'apiUrl'>,
  closed: AbortSignal,
): KubeConfig {
  const config = new KubeConfig();
  config.addAuthenticator(new PluginAuthenticator(closed));
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
  requireUsableFiles(config);
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

/** Refuses a file of the current context that the library would wait for, such as a FIFO. The library reads it with each request. */
function requireUsableFiles(config: KubeConfig): void {
  const { caFile } = config.getCurrentCluster() ?? {};
  const { certFile, keyFile } = config.getCurrentUser() ?? {};
  for (const file of [caFile, certFile, keyFile]) {
    try {
      if (file !== undefined) readNamedFile(file, largestFile);
    } catch (error) {
      throw new StoreError(`cannot use ${file} for the API server: ${describeUnread(error)}`, {
        retryable: false,
        hint: 'correct the kubeconfig file',
        cause: error,
      });
    }
  }
}

function describeUnread(error: unknown): string {
  return error instanceof PlainFileError ? `it ${error.reason}` : explainError(error);
}

function loadFile(config: KubeConfig, file: string): void {
  try {
    const directory = dirname(file);
    config.loadFromString(completeUsers(readNamedFile(file, largestFile).bytes.toString('utf8'), directory));
    config.makePathsAbsolute(directory);
  } catch (error) {
    throw new StoreError(`cannot read the kubeconfig file ${file}: ${describeUnread(error)}`, {
      retryable: false,
      cause: error,
    });
  }
}
