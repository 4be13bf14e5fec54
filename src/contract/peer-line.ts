import type { BackendDataFormat } from '../recipe/recipe.ts';
import type { Peer } from '../lease/lease.ts';

/** The content of an empty column. */
const absent = '-';

/**
 * A peer as one line of the input of SubnetBatchCommand and CheckCommand, tab-separated: the verb, SUBNET, IPV6SUBNET, PUBLIC_IP,
 * PUBLIC_IPV6, then the text, or each declared field of the IPv4 data and then of the IPv6 data. An absent value is `-`. Undefined for a
 * peer that no line can hold: its text has several lines, or a value could be mistaken.
 */
export function formatPeerLine(
  verb: 'add' | 'remove',
  peer: Peer,
  format: BackendDataFormat,
): string | undefined {
  let line: string = verb;
  for (const column of columnsOf(peer, format)) {
    if (column === absent || (column !== undefined && /[\t\n]/.test(column))) return undefined;
    line += `\t${column === undefined || column === '' ? absent : column}`;
  }
  return line;
}

function columnsOf(peer: Peer, format: BackendDataFormat): (string | undefined)[] {
  const columns = [peer.subnet, peer.ipv6Subnet, peer.publicIp, peer.publicIpv6];
  if (format.format === 'text') return [...columns, peer.stdin.replace(/\n$/, '')];
  for (const { variable } of format.fields) columns.push(peer.fields[`DATA_${variable}`]);
  for (const { variable } of format.fields) columns.push(peer.fields[`DATA6_${variable}`]);
  return columns;
}
