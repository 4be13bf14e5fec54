import type { NodeReport } from '../../report/report.ts';

/** The facts about a node that a placeholder can name, such as `${node2.subnet}`. */
const readers: Readonly<Record<string, (node: NodeReport) => string | number | null | undefined>> = {
  publicIp: ({ publicIp }) => publicIp,
  publicIpv6: ({ publicIpv6 }) => publicIpv6,
  subnet: ({ subnet }) => subnet,
  subnetAddress: ({ subnet }) => subnet?.replace(/\/\d+$/, ''),
  ipv6Subnet: ({ ipv6Subnet }) => ipv6Subnet,
  ipv6SubnetAddress: ({ ipv6Subnet }) => ipv6Subnet?.replace(/\/\d+$/, ''),
  pod: ({ pod }) => pod,
  ipv6Pod: ({ ipv6Pod }) => ipv6Pod,
  mtu: ({ mtu }) => mtu,
};

export const placeholderNames = Object.keys(readers);

/** A shell does not know this form: its variables do not have dots. */
const form = /\$\{([\w-]+)\.(\w*)\}/g;

/** A placeholder of a text, with its place in it. */
interface Placeholder {
  readonly node: string;
  readonly name: string;
  readonly offset: number;
  readonly length: number;
}

/** Finds the placeholders of a text. */
export function findPlaceholders(text: string): readonly Placeholder[] {
  return [...text.matchAll(form)].map(({ 0: whole, 1: node = '', 2: name = '', index }) => ({
    node,
    name,
    offset: index,
    length: whole.length,
  }));
}

/** The result of filling in placeholders. */
type FilledText =
  | { readonly kind: 'filled'; readonly text: string }
  /** `because` is a clause. */
  | { readonly kind: 'unknown'; readonly because: string };

/** Replaces the placeholders of a text with the facts about the nodes of a lab. */
export function fillPlaceholders(text: string, nodes: readonly NodeReport[]): FilledText {
  let because: string | undefined;
  const filled = text.replaceAll(form, (whole, node: string, name: string) => {
    const report = nodes.find((each) => each.name === node);
    const value = report && readers[name]?.(report);
    if (value !== undefined && value !== null) return String(value);
    because ??= `${node} does not have a value for ${whole}`;
    return whole;
  });
  return because === undefined ? { kind: 'filled', text: filled } : { kind: 'unknown', because };
}
