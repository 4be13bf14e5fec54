import type { SourceText } from '../../diagnostic/source.ts';
import { quoteText } from '../../diagnostic/visible-text.ts';
import { asIpv4, isV4Mapped } from '../../network/address-scope.ts';
import {
  addressBits,
  formatAddress,
  formatCidr,
  networkOf,
  parseAddress,
  parseCidr,
  type Address,
} from '../../network/cidr.ts';
import { describeKind, type JsonNode } from '../json/json-tree.ts';

/** The types that flannel reads values into. `raw` is anything: the reader of heddle's own keys judges it. */
export type GoType =
  | 'bool'
  | 'int'
  | 'uint'
  | 'string'
  /** A text, or a list of texts, which is read as one with commas between them. */
  | 'strings'
  | 'ipv4-network'
  | 'ipv6-network'
  | 'ipv4-address'
  | 'ipv6-address'
  | 'raw';

/** The effect of a value on the key that it is given for. */
export type GoValue =
  | { readonly kind: 'set'; readonly node: JsonNode; readonly readAs: string | undefined }
  /** Go leaves the key as it was: `null`. */
  | { readonly kind: 'nothing' }
  /** flannel takes the value for none, and uses its default. */
  | { readonly kind: 'unset' }
  /** flannel refuses the whole document. `must` completes "must be". */
  | {
      readonly kind: 'refused';
      readonly code: 'wrong-type' | 'malformed-address' | 'wrong-family';
      readonly must: string;
    };

/** Reads a value as Go's encoding/json reads it into a type of flannel's. */
export function readGoValue(type: GoType, node: JsonNode, source: SourceText): GoValue {
  if (node.kind === 'unread' || type === 'raw') return set(node);
  const literal = source.text.slice(node.span.offset, node.span.offset + node.span.length);
  switch (type) {
    case 'bool':
      return readPlain(node, 'boolean', '`true` or `false`');
    case 'string':
      return readPlain(node, 'string', 'a string');
    case 'strings':
      return readStrings(node);
    case 'int':
      return readInteger(node, literal, -(2n ** 63n), 2n ** 63n - 1n);
    case 'uint':
      return literal === '0' ? { kind: 'unset' } : readInteger(node, literal, 0n, 2n ** 64n - 1n);
    case 'ipv4-network':
    case 'ipv6-network':
      return readNetwork(type === 'ipv4-network' ? 4 : 6, node, literal);
    case 'ipv4-address':
      return readIpv4Address(node, literal);
    case 'ipv6-address':
      return readIpv6Address(node, literal);
  }
}

function set(node: JsonNode, readAs?: string): GoValue {
  return { kind: 'set', node, readAs };
}

function refuse(must: string, code: 'wrong-type' | 'malformed-address' | 'wrong-family'): GoValue {
  return { kind: 'refused', code, must };
}

/** Whether a value is JSON's null, which Go takes for no value at all. */
export function isNull(node: JsonNode): boolean {
  return node.kind === 'scalar' && node.value === null;
}

function readPlain(node: JsonNode, kind: 'boolean' | 'string', must: string): GoValue {
  if (isNull(node)) return { kind: 'nothing' };
  if (node.kind === 'scalar' && typeof node.value === kind) return set(node);
  return refuse(`${must}, not ${describeKind(node)}`, 'wrong-type');
}

function readStrings(node: JsonNode): GoValue {
  if (node.kind !== 'array') return readPlain(node, 'string', 'a string, or a list of strings');
  const texts = node.items.map((item) => (item.kind === 'scalar' ? item.value : undefined));
  const other = node.items.find((_, index) => typeof texts[index] !== 'string');
  return other === undefined
    ? set({ kind: 'scalar', span: node.span, value: texts.join(',') })
    : refuse(`a list of strings, without ${describeKind(other)}`, 'wrong-type');
}

/** Go reads whole numbers from their digits: `24.0` and `2.4e1` are not whole numbers. */
function readInteger(node: JsonNode, literal: string, least: bigint, most: bigint): GoValue {
  if (isNull(node)) return { kind: 'nothing' };
  if (node.kind !== 'scalar' || typeof node.value !== 'number') {
    return refuse(`a whole number, not ${describeKind(node)}`, 'wrong-type');
  }
  const isUnsigned = least === 0n;
  const form = isUnsigned ? /^\d+$/ : /^-?\d+$/;
  if (!form.test(literal)) {
    const must = isUnsigned
      ? 'a whole number without a sign, a fraction or an exponent'
      : 'a whole number without a fraction or an exponent';
    return refuse(must, 'wrong-type');
  }
  const value = BigInt(literal);
  return value < least || value > most ? refuse('a number of at most 64 bits', 'wrong-type') : set(node);
}

/**
 * The text of an address. flannel reads it from the document's characters, so it does not understand an escape sequence in
 * it.
 */
function addressText(node: JsonNode, literal: string): string | undefined {
  if (node.kind !== 'scalar' || typeof node.value !== 'string' || literal.includes('\\')) return undefined;
  // Go does not take a group of more than four digits.
  return /[\da-f]{5}/i.test(node.value) ? undefined : node.value;
}

function readNetwork(family: 4 | 6, node: JsonNode, literal: string): GoValue {
  const name = `an IPv${family} network such as ${family === 4 ? '10.50.0.0/16' : '2001:db8:42::/56'}`;
  const text = addressText(node, literal);
  const [, first = '', length = ''] = /^([^/]+)\/(\d{1,6})$/.exec(text ?? '') ?? [];
  const address = parseAddress(first);
  if (text === undefined || address === undefined || Number(length) > addressBits(address.family)) {
    return refuse(`${name}, not ${describeText(node, literal)}`, 'malformed-address');
  }
  if (address.family !== family || isV4Mapped(address)) {
    return refuse(`${name}, not IPv${address.family}`, 'wrong-family');
  }
  const network = networkOf(address, Number(length));
  if (network.prefix === 0 && network.value === 0n) return { kind: 'unset' };
  return parseCidr(text) === undefined ? rewrite(node, formatCidr(network)) : set(node);
}

function readIpv4Address(node: JsonNode, literal: string): GoValue {
  const address = readAddress(node, literal);
  const ipv4 = address && asIpv4(address);
  if (ipv4 === undefined) {
    return refuse(
      `an IPv4 address, not ${describeText(node, literal)}`,
      address === undefined ? 'malformed-address' : 'wrong-family',
    );
  }
  if (ipv4.value === 0n) return { kind: 'unset' };
  return address?.family === 6 ? rewrite(node, formatAddress(ipv4)) : set(node);
}

/** flannel holds this one by a pointer, so `null` takes back what was given before. */
function readIpv6Address(node: JsonNode, literal: string): GoValue {
  if (isNull(node)) return { kind: 'unset' };
  const address = readAddress(node, literal);
  if (address?.family !== 6) {
    return refuse(
      `an IPv6 address, not ${describeText(node, literal)}`,
      address === undefined ? 'malformed-address' : 'wrong-family',
    );
  }
  return address.value === 0n ? { kind: 'unset' } : set(node);
}

function readAddress(node: JsonNode, literal: string): Address | undefined {
  return parseAddress(addressText(node, literal) ?? '');
}

function rewrite(node: JsonNode, text: string): GoValue {
  return set({ kind: 'scalar', span: node.span, value: text }, text);
}

function describeText(node: JsonNode, literal: string): string {
  if (node.kind !== 'scalar' || typeof node.value !== 'string') return describeKind(node);
  return quoteText(literal.slice(1, -1));
}
