import assert from 'node:assert/strict';

import { defaultAnnotationPrefix } from '../../../src/store/kubernetes/annotations.ts';
import type { KubernetesStoreOptions } from '../../../src/store/kubernetes/options.ts';
import { openKubernetesStore } from '../../../src/store/kubernetes/store.ts';
import { StoreError, type LeaseStore } from '../../../src/store/store.ts';
import type { StoreBed } from '../../contract/store.ts';
import type { KubeApiServer } from './kube-api-server.ts';

/** The Nodes of a server, for one test. Every store on them may write the lease of any Node, which exists as soon as one is written. */
export class KubernetesBed implements StoreBed {
  readonly server: KubeApiServer;
  readonly #stores: LeaseStore[] = [];

  constructor(server: KubeApiServer) {
    this.server = server;
  }

  open(options: Partial<KubernetesStoreOptions> = {}): Promise<LeaseStore> {
    const open = (name?: string): LeaseStore => {
      const store = openKubernetesStore({
        kubeconfigFile: this.server.kubeconfig(),
        annotationPrefix: defaultAnnotationPrefix,
        netConfigPath: '/nonexistent/net-conf.json',
        setNodeNetworkUnavailable: true,
        ...(name !== undefined && { node: { kind: 'node', name } }),
        ...options,
      });
      this.#stores.push(store);
      return store;
    };
    const store = open();
    let isClosed = false;
    // A cluster assigns the subnets, so a Node for the key has to be there first.
    const create: LeaseStore['create'] = async (key, ...rest) => {
      if (isClosed) throw new StoreError('the store is closed', { retryable: false });
      const name = nodeNameOf(key);
      await this.server.createNode(
        name,
        key.split('&').map((part) => part.replace(/-(\d+)$/, '/$1')),
      );
      return open(name).create(key, ...rest);
    };
    const close: LeaseStore['close'] = async () => {
      isClosed = true;
      await store.close();
    };
    const methods = { create, close } satisfies Partial<LeaseStore>;
    return Promise.resolve(
      new Proxy(store, {
        get: (target, name) => {
          if (name in methods) return methods[name as keyof typeof methods];
          const value: unknown = Reflect.get(target, name, target);
          return typeof value === 'function' ? (value.bind(target) as unknown) : value;
        },
      }),
    );
  }

  now(): number {
    return Date.now();
  }

  letPass(): Promise<void> {
    return Promise.reject(new Error('leases in Kubernetes do not end'));
  }

  async spoil(key: string, text: string): Promise<void> {
    assert.ok(key.includes('-'));
    await this.server.createNode(nodeNameOf(key), [key.replace(/-(\d+)$/, '/$1')], {
      [`${defaultAnnotationPrefix}/kube-subnet-manager`]: 'true',
      [`${defaultAnnotationPrefix}/backend-data`]: text,
    });
  }

  async destroy(): Promise<void> {
    await Promise.all(this.#stores.map((store) => store.close()));
    await this.server.deleteAllNodes();
  }
}

function nodeNameOf(key: string): string {
  return `node-${key.replaceAll(/[^\d.]+/g, '-')}`.replace(/-+$/, '');
}
