import type { BackendDataFormat } from '../recipe/recipe.ts';
import type { Peer } from './lease.ts';

/** What a column holds when there is nothing to say. */
const absent = '-';

/**
 * A peer as one line of what SubnetBatchCommand and CheckCommand read, tab-separated: the verb, SUBNET, IPV6SUBNET,
 * PUBLIC_IP, PUBLIC_IPV6, then the text, or each declared field of the IPv4 data and then of the IPv6 data. What is absent
 * is `-`. Undefined for a peer that no line can hold: text of several lines, or a value that would be mistaken.
 */
export function formatPeerLine(
  verb: 'add' | 'remove',
  peer: Peer,
  format: BackendDataFormat,
): string | undefined {
  const data = format.format === 'text' ? [peer.stdin.replace(/\n$/, '')] : fieldValues(peer, format.fields);
  const columns = [peer.subnet, peer.ipv6Subnet, peer.publicIp, peer.publicIpv6, ...data];
  if (columns.some((column) => column === absent || /[\t\n]/.test(column ?? ''))) return undefined;
  return [verb, ...columns.map((column) => (column === undefined || column === '' ? absent : column))].join(
    '\t',
  );
}

function fieldValues(
  { fields }: Peer,
  declared: Extract<BackendDataFormat, { format: 'json' }>['fields'],
): (string | undefined)[] {
  return ['DATA', 'DATA6'].flatMap((prefix) =>
    declared.map(({ variable }) => fields[`${prefix}_${variable}`]),
  );
}
