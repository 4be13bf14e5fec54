import { writeFileSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { TestContext } from 'node:test';

import { temporaryDirectory } from '../../../support/temporary-directory.ts';
import { endProgram, type Host } from '../../harness/host.ts';
import type { KubeApiServer } from '../kube-api-server.ts';
import { DaemonSetController } from './daemon-set.ts';
import { nodeRoot, serviceAddress } from './kubelet.ts';

/** The network of the cluster, in kube-flannel's ConfigMap. */
export const networkOfFlannel = { Network: '10.244.0.0/16', Backend: { Type: 'vxlan' } };

/** kube-flannel, as far as it matters to the move to heddle. */
const objects = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kube-flannel' } },
  {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'kube-flannel-cfg', namespace: 'kube-flannel' },
    data: { 'net-conf.json': JSON.stringify(networkOfFlannel) },
  },
  {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'kube-flannel-ds', namespace: 'kube-flannel' },
    spec: {
      selector: { matchLabels: { app: 'flannel' } },
      template: {
        metadata: { labels: { app: 'flannel' } },
        spec: {
          hostNetwork: true,
          affinity: {
            nodeAffinity: {
              requiredDuringSchedulingIgnoredDuringExecution: {
                nodeSelectorTerms: [
                  { matchExpressions: [{ key: 'kubernetes.io/os', operator: 'In', values: ['linux'] }] },
                ],
              },
            },
          },
          containers: [{ name: 'kube-flannel', image: 'flannel' }],
        },
      },
    },
  },
];

/** A pod of kube-flannel. */
interface FlannelPod {
  /** Undefined in a pod that runs nothing. */
  readonly flanneld: ReturnType<Host['start']> | undefined;
}

/**
 * Installs kube-flannel, and returns the controller of its DaemonSet.
 * @param flanneld the program that its pods run; without one, they run nothing
 */
export async function installKubeFlannel(
  t: TestContext,
  server: KubeApiServer,
  hosts: ReadonlyMap<string, Host>,
  flanneld: string | undefined,
): Promise<DaemonSetController<FlannelPod>> {
  const directory = temporaryDirectory(t);
  const file = join(directory, 'kube-flannel.json');
  writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
  await server.kubectl('apply', '-f', file);
  const network = join(directory, 'net-conf.json');
  writeFileSync(network, JSON.stringify(networkOfFlannel));
  const program = join(directory, 'flanneld');
  if (flanneld !== undefined) symlinkSync(resolve(flanneld), program);
  const subnetFile = `${nodeRoot}/run/flannel/subnet.env`;
  const start = async (node: string): Promise<FlannelPod> => {
    const host = hosts.get(node);
    if (flanneld === undefined || host === undefined) return { flanneld: undefined };
    await host.sh(`mkdir -p ${nodeRoot}/run/flannel; rm -f ${subnetFile}`);
    const child = host.start(
      [
        ...[program, '-kube-subnet-mgr', '-kubeconfig-file', server.kubeconfig({ address: serviceAddress })],
        ...['-net-config-path', network, '-iface=eth0', '-ip-masq', '-subnet-file', subnetFile],
      ],
      { environment: { NODE_NAME: node }, seconds: 240 },
    );
    const rules = 'iptables -t nat -S FLANNEL-POSTRTG 2>/dev/null | grep -q MASQUERADE';
    const ended = child.then(({ stderr }) => Promise.reject(new Error(`flanneld ended: ${stderr}`)));
    await Promise.race([host.until(`[ -s ${subnetFile} ] && ${rules}`), ended]);
    ended.catch(() => undefined);
    return { flanneld: child };
  };
  const end = async ({ flanneld: child }: FlannelPod): Promise<void> => {
    if (child === undefined) return;
    endProgram(child);
    await child;
  };
  return new DaemonSetController(server, 'kube-flannel/kube-flannel-ds', [...hosts.keys()], { start, end });
}
