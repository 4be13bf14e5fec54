import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import https from 'node:https';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';

import { askFor } from '../../../src/lab/process/control-client.ts';
import { kubeconfigFile, kubernetesDirectory, pathInLab, type FaultVerb } from '../../../src/lab/protocol.ts';
import { defaultAnnotationPrefix } from '../../../src/store/kubernetes/annotations.ts';
import { until } from '../../support/until.ts';
import { FaultLab, type FaultNode } from '../faults/fault-lab.ts';
import { vxlan } from '../faults/overlays.ts';

/** The parts of a kubeconfig file of a lab that requests need. */
interface Access {
  readonly clusters: readonly { readonly cluster: { readonly 'certificate-authority-data': string } }[];
  readonly users: readonly { readonly user: { readonly token: string } }[];
}

interface ClusterNode {
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: { readonly podCIDRs?: readonly string[] };
}

/** A lab of two vxlan nodes whose leases are the Nodes of an API server in it. It is gone when the test is over. */
export class ClusterLab {
  readonly first: FaultNode;
  readonly second: FaultNode;
  readonly #lab: FaultLab;

  private constructor(lab: FaultLab) {
    this.#lab = lab;
    [this.first, this.second] = lab.both;
  }

  static async up(t: TestContext): Promise<ClusterLab> {
    return new ClusterLab(await FaultLab.up(t, vxlan, ['--store', 'kubernetes', '--timeout', '50']));
  }

  get both(): readonly FaultNode[] {
    return [this.first, this.second];
  }

  /** Has the lab do something to its API server. Returns the sentence about it. */
  server(verb: FaultVerb): Promise<string> {
    return askFor({ name: 'of the test', pid: this.#lab.pid }, { request: verb, node: 'apiserver' });
  }

  /** Makes a request as the user of a host, by a way that no cut of the underlay is in. */
  async ask(
    host: string,
    method: string,
    path: string,
    body?: object,
  ): Promise<{ readonly status: number; readonly text: string }> {
    const access = JSON.parse(
      readFileSync(this.#lab.path(pathInLab(host, kubeconfigFile)), 'utf8'),
    ) as Access;
    const [cluster, user] = [access.clusters[0]?.cluster, access.users[0]?.user];
    assert.ok(cluster !== undefined && user !== undefined);
    const request = https.request({
      socketPath: this.#lab.path(pathInLab('apiserver', `${kubernetesDirectory}/relay.sock`)),
      method,
      path,
      ca: Buffer.from(cluster['certificate-authority-data'], 'base64'),
      servername: 'kubernetes.default',
      agent: false,
      headers: { Authorization: `Bearer ${user.token}`, 'Content-Type': 'application/json' },
    });
    request.end(body && JSON.stringify(body));
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    return { status: response.statusCode ?? 0, text: await text(response) };
  }

  /** Creates a Node of another machine, which takes part in the network. Its subnet is outside those of the lab's nodes. */
  async addStranger(number: number): Promise<void> {
    const annotations = {
      'kube-subnet-manager': 'true',
      'backend-type': 'vxlan',
      'backend-data': `{"VNI":1,"VtepMAC":"02:00:00:00:00:${number - 100}"}`,
      'public-ip': `172.30.0.${number}`,
    };
    const podCIDR = `10.50.${number}.0/24`;
    const { status, text: answer } = await this.ask('apiserver', 'POST', '/api/v1/nodes', {
      metadata: {
        name: `stranger-${number}`,
        annotations: Object.fromEntries(
          Object.entries(annotations).map(([name, value]) => [`${defaultAnnotationPrefix}/${name}`, value]),
        ),
      },
      spec: { podCIDR, podCIDRs: [podCIDR] },
    });
    assert.equal(status, 201, answer);
  }

  async removeStranger(number: number): Promise<void> {
    const path = `/api/v1/nodes/stranger-${number}`;
    const { status, text: answer } = await this.ask('apiserver', 'DELETE', path);
    assert.equal(status, 200, answer);
  }

  /** Waits until the kernels of both nodes have exactly the peers that the Nodes ask for. */
  async converge(): Promise<void> {
    const { text: listed } = await this.ask('apiserver', 'GET', '/api/v1/nodes');
    const { items } = JSON.parse(listed) as { readonly items: readonly ClusterNode[] };
    for (const node of this.both) {
      const wanted = items
        .filter(({ metadata }) => metadata.name !== node.name)
        .flatMap(entriesOf)
        .sort();
      await until(
        `${node.name} to have its peers in place`,
        async () => String(await node.entries()) === String(wanted),
        async () => `${String(await node.entries())}\nand not\n${String(wanted)}\n${await node.lastWords()}`,
      );
    }
  }
}

function entriesOf({ metadata, spec }: ClusterNode): readonly string[] {
  const read = (name: string): string => metadata.annotations?.[`${defaultAnnotationPrefix}/${name}`] ?? '';
  const [podCidr = ''] = spec.podCIDRs ?? [];
  return vxlan.entriesOf({
    key: podCidr.replace('/', '-'),
    publicIp: read('public-ip'),
    backendType: read('backend-type'),
    backendData: JSON.parse(read('backend-data')) as { readonly VtepMAC: string },
  });
}
