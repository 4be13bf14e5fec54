import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';

import type { KubeApiServer } from '../kube-api-server.ts';
import type { NodeRequirement, PodSpec } from './pod-object.ts';

/** The template of a DaemonSet's pods. */
export interface PodTemplate {
  readonly metadata: { readonly labels: Readonly<Record<string, string>> };
  readonly spec: PodSpec;
}

type Labels = Readonly<Record<string, string>>;

/** A pod that runs on a node. */
interface Placed<P> {
  readonly pod: P;
  readonly template: PodTemplate;
}

/** The way to start a pod on a node, and to end it. Each resolves when that is done. */
interface Runner<P> {
  readonly start: (node: string, template: PodTemplate) => Promise<P>;
  readonly end: (pod: P) => Promise<void>;
}

/** The controller of one DaemonSet: one pod on each node that the template selects, and a rolling update of one node at a time. */
export class DaemonSetController<P> {
  readonly #server: KubeApiServer;
  readonly #path: string;
  readonly #allNodes: readonly string[];
  readonly #runner: Runner<P>;
  readonly #placed = new Map<string, Placed<P>>();

  /** @param name `NAMESPACE/NAME` */
  constructor(server: KubeApiServer, name: string, nodes: readonly string[], runner: Runner<P>) {
    this.#server = server;
    this.#path = `/apis/apps/v1/namespaces/${name.replace('/', '/daemonsets/')}`;
    this.#allNodes = nodes;
    this.#runner = runner;
  }

  /** The pod on a node. */
  podOn(node: string): P {
    const placed = this.#placed.get(node);
    assert.ok(placed !== undefined, `there is a pod on ${node}`);
    return placed.pod;
  }

  /** The nodes with a pod. */
  get nodes(): readonly string[] {
    return [...this.#placed.keys()].sort();
  }

  get pods(): readonly P[] {
    return this.nodes.map((node) => this.podOn(node));
  }

  /** Looks at the DaemonSet once, and does what follows from it. Resolves when every new pod is ready. */
  async reconcile(): Promise<void> {
    const template = await this.#template();
    for (const node of this.#allNodes) {
      const isWanted = template !== undefined && selects(template.spec, await this.#labelsOf(node));
      const placed = this.#placed.get(node);
      if (placed !== undefined && isWanted && isDeepStrictEqual(placed.template, template)) continue;
      this.#placed.delete(node);
      if (placed !== undefined) await this.#runner.end(placed.pod);
      if (isWanted) this.#placed.set(node, { pod: await this.#runner.start(node, template), template });
    }
  }

  async #template(): Promise<PodTemplate | undefined> {
    const { status, text } = await this.#server.ask('GET', this.#path);
    if (status === 404) return undefined;
    return (JSON.parse(text) as { readonly spec: { readonly template: PodTemplate } }).spec.template;
  }

  async #labelsOf(node: string): Promise<Labels> {
    const { metadata } = (await this.#server.node(node)) as {
      readonly metadata: { readonly labels?: Labels };
    };
    return metadata.labels ?? {};
  }
}

/** Whether a pod may be on a node with these labels. */
function selects({ nodeSelector = {}, affinity }: PodSpec, labels: Labels): boolean {
  const terms =
    affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms ?? [];
  return (
    Object.entries(nodeSelector).every(([key, value]) => labels[key] === value) &&
    (terms.length === 0 ||
      terms.some(({ matchExpressions }) => matchExpressions.every((each) => meets(labels, each))))
  );
}

function meets(labels: Labels, { key, operator, values }: NodeRequirement): boolean {
  const isListed = values.includes(labels[key] ?? '');
  assert.ok(operator === 'In' || operator === 'NotIn', operator);
  return operator === 'In' ? isListed : !isListed;
}
