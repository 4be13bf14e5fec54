import type { LeaseSubnets } from '../../lease/lease.ts';
import { encodeJson } from '../../lease/wire.ts';
import type { PublicAddresses } from '../../network/public-addresses.ts';
import { StoreError, type AssignedNode } from '../store.ts';
import { nonEmpty, type AnnotationNames, type Annotations } from './annotations.ts';
import type { ApiServer } from './api-server.ts';
import { nodePlace, readPodCidrs, type NodeObject } from './node-object.ts';
import type { NodeReference } from './options.ts';

interface PodObject {
  readonly spec?: { readonly nodeName?: string };
}

/** Finds the name of this node's Node. */
async function findNodeName(server: ApiServer, node: NodeReference): Promise<string> {
  if (node.kind === 'node') return node.name;
  const { namespace, name } = node;
  const pod = (await server.request({
    action: `read the Pod ${namespace}/${name}`,
    path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}`,
  })) as PodObject;
  const nodeName = pod.spec?.nodeName;
  if (nodeName) return nodeName;
  throw new StoreError(`the Pod ${namespace}/${name} does not run on a Node yet`, { retryable: true });
}

/** Reads a Node. Throws a {@link StoreError}. */
export async function readNodeObject(server: ApiServer, name: string): Promise<NodeObject> {
  return (await server.request({ action: `read ${nodePlace(name)}`, path: nodePath(name) })) as NodeObject;
}

/**
 * Patches the status of a Node, as flannel does, and returns the Node. Throws a {@link StoreError}.
 *
 * @param query parameters of the request; `dryRun=All` makes all checks and writes nothing
 */
async function patchNode(
  server: ApiServer,
  name: string,
  patch: string,
  query: Readonly<Record<string, string>> = {},
): Promise<NodeObject> {
  const action = `patch the status of ${nodePlace(name)}`;
  return (await server.request({ action, path: `${nodePath(name)}/status`, query, patch })) as NodeObject;
}

/** Changes annotations of a Node; `null` removes one. Without a change, nothing is written. */
export async function annotateNode(
  server: ApiServer,
  node: NodeObject,
  annotations: Readonly<Record<string, string | null>>,
): Promise<NodeObject> {
  if (Object.keys(annotations).length === 0) return node;
  return patchNode(server, node.metadata.name, encodeJson({ metadata: { annotations } }));
}

function nodePath(name: string): string {
  return `/api/v1/nodes/${encodeURIComponent(name)}`;
}

/** The text of flannel, which other programs may look for. */
const conditionMessage = 'Flannel is running on this node';

/** This node's Node in a cluster. */
export class OwnNode implements AssignedNode {
  readonly #reference: NodeReference;
  readonly #server: ApiServer;
  readonly #names: AnnotationNames;
  readonly #setsCondition: boolean;
  /** The name of the Node, once it is known. */
  #name: string | undefined;

  constructor(reference: NodeReference, server: ApiServer, names: AnnotationNames, setsCondition: boolean) {
    this.#reference = reference;
    this.#server = server;
    this.#names = names;
    this.#setsCondition = setsCondition;
  }

  async readSubnets(): Promise<LeaseSubnets> {
    const node = await this.read();
    const cidrs = readPodCidrs(node);
    if (cidrs.kind === 'assigned') return cidrs.subnets;
    const hint =
      cidrs.kind === 'none'
        ? 'let kube-controller-manager assign them (--allocate-node-cidrs --cluster-cidr), or set spec.podCIDR of the Node'
        : 'give the Node one podCIDR for each family';
    throw new StoreError(`${nodePlace(node.metadata.name)} ${cidrs.reason}`, {
      retryable: cidrs.kind === 'none',
      hint,
    });
  }

  async readPublicAddresses(): Promise<PublicAddresses> {
    const annotations = annotationsOf(await this.read());
    return {
      publicIp: nonEmpty(annotations[this.#names.nodePublicIp]),
      publicIpv6: nonEmpty(annotations[this.#names.nodePublicIpv6]),
    };
  }

  async reportReady(): Promise<void> {
    if (!this.#setsCondition) return;
    const now = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
    const condition = {
      type: 'NetworkUnavailable',
      status: 'False',
      lastHeartbeatTime: now,
      lastTransitionTime: now,
      reason: 'FlannelIsUp',
      message: conditionMessage,
    };
    await patchNode(
      this.#server,
      await this.#findName(),
      encodeJson({ status: { conditions: [condition] } }),
    );
  }

  /** Checks that this process may write the annotations of its Node. Writes nothing. Throws a {@link StoreError} if it may not. */
  async examineWriting(): Promise<void> {
    await patchNode(this.#server, await this.#findName(), encodeJson({}), { dryRun: 'All' });
  }

  /** Reads this node's Node. Throws a {@link StoreError}. */
  async read(): Promise<NodeObject> {
    return readNodeObject(this.#server, await this.#findName());
  }

  async #findName(): Promise<string> {
    this.#name ??= await findNodeName(this.#server, this.#reference);
    return this.#name;
  }
}

/** The annotations of a Node; a Node without any has none of the network's either. */
export function annotationsOf(node: NodeObject): Annotations {
  return node.metadata.annotations ?? {};
}
