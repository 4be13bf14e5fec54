import { Failure } from '../../diagnostic/failure.ts';
import type { Json, LeaseAttributes } from '../../lease/lease.ts';
import { encodeJson } from '../../lease/wire.ts';

/** The prefix of flannel's annotations, as in flanneld's `--kube-annotation-prefix`. */
export const defaultAnnotationPrefix = 'flannel.alpha.coreos.com';

/** The annotations of a Node, by their full names. */
export type Annotations = Readonly<Record<string, string>>;

/** The full names of flannel's annotations. */
export interface AnnotationNames {
  readonly managed: string;
  readonly backendType: string;
  readonly backendData: string;
  readonly backendV6Data: string;
  readonly publicIp: string;
  readonly publicIpv6: string;
  /** Set by an operator: published in place of this node's own address. */
  readonly publicIpOverwrite: string;
  readonly publicIpv6Overwrite: string;
  /** Set by an operator: this node's address, as with `--public-ip`. */
  readonly nodePublicIp: string;
  readonly nodePublicIpv6: string;
}

/**
 * The names of the annotations under a prefix, by flannel's rule: a prefix without a slash gets one, and one that ends neither in a slash
 * nor in a hyphen gets a hyphen. Throws a {@link Failure} of kind `usage` for a prefix that flannel does not accept.
 */
export function annotationNames(prefix: string): AnnotationNames {
  const path = prefix.includes('/') ? prefix : `${prefix}/`;
  const full = /[/-]$/.test(path) ? path : `${path}-`;
  if (!/^(?:[a-z0-9_-]+\.)+[a-z0-9_-]+\/(?:[a-z0-9_-]+-)?$/.test(full)) {
    throw new Failure(
      'usage',
      `--kube-annotation-prefix ${JSON.stringify(prefix)} is not a prefix of annotations`,
      {
        hint: `write a domain in small letters, and a slash and a name if need be: ${defaultAnnotationPrefix}, or example.com/blue`,
      },
    );
  }
  return {
    managed: `${full}kube-subnet-manager`,
    backendType: `${full}backend-type`,
    backendData: `${full}backend-data`,
    backendV6Data: `${full}backend-v6-data`,
    publicIp: `${full}public-ip`,
    publicIpv6: `${full}public-ipv6`,
    publicIpOverwrite: `${full}public-ip-overwrite`,
    publicIpv6Overwrite: `${full}public-ipv6-overwrite`,
    nodePublicIp: `${full}node-public-ip`,
    nodePublicIpv6: `${full}node-public-ipv6`,
  };
}

/** The value of {@link AnnotationNames.managed} on a Node that takes part in the network. */
export const managed = 'true';

/** The text that flannel writes for a node without backend data. */
const noData = 'null';

/** The address that flannel writes for a node without IPv4. */
const noIpv4 = '0.0.0.0';

/**
 * The annotations that flannel would write on this node's Node, and that are not there yet. Addresses that an operator overwrites are
 * published instead of the node's own.
 */
export function annotationChanges(
  attributes: LeaseAttributes,
  standing: Annotations,
  names: AnnotationNames,
): Annotations {
  const { backendType, publicIp = noIpv4, publicIpv6 } = attributes;
  const wanted: Record<string, string> = { [names.managed]: managed, [names.backendType]: backendType };
  const data = encodeData(attributes.backendData);
  const v6Data = encodeData(attributes.backendV6Data);
  if (backendType !== 'vxlan' || data !== noData) {
    wanted[names.backendData] = data;
    wanted[names.publicIp] = nonEmpty(standing[names.publicIpOverwrite]) ?? publicIp;
  }
  const mayLackV6Data = backendType !== 'vxlan' && backendType !== 'wireguard';
  if (publicIpv6 !== undefined && (mayLackV6Data || v6Data !== noData)) {
    wanted[names.backendV6Data] = v6Data;
    wanted[names.publicIpv6] = nonEmpty(standing[names.publicIpv6Overwrite]) ?? publicIpv6;
  }
  return Object.fromEntries(
    Object.entries(wanted)
      .filter(([name, value]) => standing[name] !== value)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/** The annotations that make a Node a lease, each with `null`, which removes it. */
export function annotationRemovals(standing: Annotations, names: AnnotationNames): Record<string, null> {
  const own = [
    names.managed,
    names.backendType,
    names.backendData,
    names.backendV6Data,
    names.publicIp,
    names.publicIpv6,
  ];
  return Object.fromEntries(own.filter((name) => standing[name] !== undefined).map((name) => [name, null]));
}

/**
 * A lease's value from the annotations of a Node, in flannel's format for etcd; or why there is none, as a clause. The values are not
 * checked further: `decodeLease` does that.
 */
export function readAnnotations(
  annotations: Annotations,
  names: AnnotationNames,
): { readonly value: string } | { readonly reason: string } {
  const data = readData(annotations, names.backendData);
  if ('reason' in data) return data;
  const v6Data = readData(annotations, names.backendV6Data);
  if ('reason' in v6Data) return v6Data;
  const backendType = annotations[names.backendType] ?? '';
  return {
    value: encodeJson({
      PublicIP: annotations[names.publicIp] ?? noIpv4,
      PublicIPv6: annotations[names.publicIpv6] ?? null,
      ...(backendType !== '' && { BackendType: backendType }),
      ...(data.json !== null && { BackendData: data.json }),
      ...(v6Data.json !== null && { BackendV6Data: v6Data.json }),
    }),
  };
}

function readData(
  annotations: Annotations,
  name: string,
): { readonly json: Json } | { readonly reason: string } {
  try {
    return { json: JSON.parse(nonEmpty(annotations[name]) ?? noData) as Json };
  } catch {
    return { reason: `its annotation ${name} is not JSON` };
  }
}

/** An annotation's value; an empty one says nothing. */
export function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

function encodeData(data: Json | undefined): string {
  return data === undefined ? noData : encodeJson(data);
}
