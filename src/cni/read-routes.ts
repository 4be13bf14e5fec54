import type { Findings } from '../diagnostic/findings.ts';
import { quoteText } from '../diagnostic/visible-text.ts';
import { addressBits, formatAddress, parseAddress, type Address } from '../network/cidr.ts';
import { isNull } from '../recipe/flannel/go-values.ts';
import type { Json } from '../recipe/json/json.ts';
import { describeKind, openingBrace, type JsonNode, type ObjectNode } from '../recipe/json/json-tree.ts';
import { memberNamed } from './go-members.ts';
import type { JsonObject } from './template.ts';

/** The numbers of a route. `table` and `scope` may be 0; a 0 of the others counts as absent. */
const numberKeys = ['mtu', 'advmss', 'priority', 'table', 'scope'] as const;

/** Reads `ipam.routes` and prints each route as flannel's plugin does, which passes over what it does not know. */
export function readRoutes(node: JsonNode, findings: Findings): readonly JsonObject[] {
  if (node.kind === 'unread' || isNull(node)) return [];
  if (node.kind !== 'array') {
    findings.error('wrong-type', node.span, `\`routes\` must be an array, not ${describeKind(node)}`);
    return [];
  }
  return node.items.flatMap((item): readonly JsonObject[] => {
    if (item.kind === 'object') return [readRoute(item, findings)].filter((route) => route !== undefined);
    if (item.kind !== 'unread')
      findings.error('wrong-type', item.span, `a route must be an object, not ${describeKind(item)}`);
    return [];
  });
}

function readRoute(node: ObjectNode, findings: Findings): JsonObject | undefined {
  const dst = memberNamed(node, 'dst', findings);
  if (dst === undefined) {
    const message = 'a route must have `dst`, its destination';
    findings.error('missing-key', openingBrace(node), message, 'for example {"dst": "192.0.2.0/24"}');
    return undefined;
  }
  const destination = readText(dst, 'dst', readDestination, 'a network such as 192.0.2.0/24', findings);
  const gw = memberNamed(node, 'gw', findings);
  const isAbsent = gw === undefined || isNull(gw) || (gw.kind === 'scalar' && gw.value === '');
  const gateway = isAbsent
    ? undefined
    : readText(gw, 'gw', readAddress, 'an address such as 192.0.2.1', findings);
  const numbers = numberKeys.flatMap((key): (readonly [string, Json])[] => {
    const value = readNumber(node, key, findings);
    const mayBeZero = key === 'table' || key === 'scope';
    return value === undefined || (value === 0 && !mayBeZero) ? [] : [[key, value]];
  });
  if (destination === undefined) return undefined;
  return { dst: destination, ...(gateway !== undefined && { gw: gateway }), ...Object.fromEntries(numbers) };
}

function readText(
  node: JsonNode,
  name: string,
  read: (text: string) => string | undefined,
  wanted: string,
  findings: Findings,
): string | undefined {
  if (node.kind === 'unread') return undefined;
  const text = node.kind === 'scalar' && typeof node.value === 'string' ? node.value : undefined;
  const value = text === undefined ? undefined : read(text);
  if (value === undefined) {
    const found = text === undefined ? describeKind(node) : quoteText(text);
    findings.error(
      'malformed-address',
      node.span,
      `\`${name}\` of a route is ${found}`,
      `it must be ${wanted}`,
    );
  }
  return value;
}

/** A network with its host bits, which the plugin keeps. */
function readDestination(text: string): string | undefined {
  const [, host = '', length = ''] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? [];
  const address = parseOne(host);
  if (address === undefined || Number(length) > addressBits(address.family)) return undefined;
  return `${formatAddress(address)}/${Number(length)}`;
}

function readAddress(text: string): string | undefined {
  const address = parseOne(text);
  return address && formatAddress(address);
}

/** An address that is not an IPv4 address in IPv6 form, which the plugin would print in its own way. */
function parseOne(text: string): Address | undefined {
  const address = parseAddress(text);
  const isMapped = address?.family === 6 && address.value >> 32n === 0xffffn;
  return isMapped ? undefined : address;
}

function readNumber(node: ObjectNode, key: string, findings: Findings): number | undefined {
  const value = memberNamed(node, key, findings);
  if (value === undefined || value.kind === 'unread' || isNull(value)) return undefined;
  if (value.kind === 'scalar' && typeof value.value === 'number' && Number.isSafeInteger(value.value))
    return value.value;
  findings.error('wrong-type', value.span, `\`${key}\` of a route must be a whole number`);
  return undefined;
}
