import type { LeaseSubnets } from '../../lease/lease.ts';
import { leaseKey } from '../../lease/wire.ts';
import { networkOf, parseAddress, addressBits, type Cidr } from '../../network/cidr.ts';
import { familyKey, noFamily, type FamilyKey } from '../../network/per-family.ts';
import { largestLeaseValue } from '../store.ts';
import type { LeaseRecord, StoreFault } from '../store.ts';
import { managed, readAnnotations, type AnnotationNames, type Annotations } from './annotations.ts';

/** The parts of a Node of the Kubernetes API that heddle reads. The API server validates them, but other machines write them. */
export interface NodeObject {
  readonly metadata: {
    readonly name: string;
    readonly resourceVersion: string;
    readonly annotations?: Annotations;
  };
  readonly spec?: { readonly podCIDR?: string; readonly podCIDRs?: readonly string[] };
}

type PodCidrs =
  | { readonly kind: 'assigned'; readonly subnets: LeaseSubnets }
  /** Nobody has assigned a subnet to the Node yet. */
  | { readonly kind: 'none'; readonly reason: string }
  /** `reason` is a predicate without the Node's name: `has 3 pod CIDRs, …`. */
  | { readonly kind: 'unusable'; readonly reason: string };

/** Reads the subnets that the cluster has assigned to a Node: `spec.podCIDRs`, or `spec.podCIDR` of an old cluster. */
export function readPodCidrs({ spec }: NodeObject): PodCidrs {
  const listed = spec?.podCIDRs ?? [];
  const texts = listed.length > 0 ? listed : spec?.podCIDR ? [spec.podCIDR] : [];
  if (texts.length === 0) return { kind: 'none', reason: 'has no podCIDR' };
  if (texts.length > 2) {
    return unusable(
      `has ${texts.length} podCIDRs (${texts.join(', ')}), but there may be one for each family`,
    );
  }
  const found: Record<FamilyKey, Cidr | undefined> = { ...noFamily };
  for (const text of texts) {
    const cidr = readCidr(text);
    if (cidr === undefined) return unusable(`has the podCIDR ${JSON.stringify(text)}, which is not a subnet`);
    const family = familyKey(cidr.family);
    if (found[family] !== undefined) {
      return unusable(`has two podCIDRs of one family: ${texts.join(' and ')}`);
    }
    found[family] = cidr;
  }
  return { kind: 'assigned', subnets: found };
}

function unusable(reason: string): PodCidrs {
  return { kind: 'unusable', reason };
}

/** Host bits are ignored, as in Go's `net.ParseCIDR`. */
function readCidr(text: string): Cidr | undefined {
  const [, address = '', length = ''] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? [];
  const parsed = parseAddress(address);
  const prefix = Number(length);
  // A lease's key cannot name a single address, or everything.
  if (parsed === undefined || prefix === 0 || prefix >= addressBits(parsed.family)) return undefined;
  return networkOf(parsed, prefix);
}

/** The meaning of a Node for the network. */
type NodeReading =
  | { readonly kind: 'lease'; readonly record: LeaseRecord }
  /** The Node does not take part in the network. */
  | { readonly kind: 'stranger' }
  | { readonly kind: 'fault'; readonly fault: StoreFault };

/** The place of a Node, for messages. */
export function nodePlace(name: string): string {
  return `the Node ${name}`;
}

/**
 * Reads a Node as flannel does: one whose annotation `kube-subnet-manager` is "true" holds the lease of its pod CIDRs. The subnet never
 * comes from an annotation, because every node may write the annotations of every other.
 */
export function readNode(node: NodeObject, names: AnnotationNames): NodeReading {
  const { name, annotations = {} } = node.metadata;
  if (annotations[names.managed] !== managed) return { kind: 'stranger' };
  const where = nodePlace(name);
  const cidrs = readPodCidrs(node);
  if (cidrs.kind !== 'assigned') return { kind: 'fault', fault: { where, reason: cidrs.reason } };
  const key = leaseKey(cidrs.subnets);
  const read = readAnnotations(annotations, names);
  if ('reason' in read)
    return { kind: 'fault', fault: { where, reason: `is not a lease: ${read.reason}`, key } };
  const { value } = read;
  if (value.length > largestLeaseValue) {
    const reason = `is not a lease: its annotations are longer than ${largestLeaseValue} characters`;
    return { kind: 'fault', fault: { where, reason, key } };
  }
  return { kind: 'lease', record: { key, value, expiresAt: undefined, revision: `${name} ${value}` } };
}
