import { asIpv4, isV4Mapped } from '../network/address-scope.ts';
import { addressBits, formatAddress, networkOf, parseAddress, type Cidr } from '../network/cidr.ts';
import { familyKey, mapFamilies, noFamily, presentValues, type FamilyKey } from '../network/per-family.ts';
import { matchGoName } from '../recipe/flannel/go-names.ts';
import type { Json, Lease, LeaseAttributes, LeaseSubnets } from './lease.ts';

/** The form of flannel's two parts of a key, `10.50.4.0-24` and `2001:cafe:42:c::-64`. */
const keyForm = /^([\d.]+-\d+)(?:&([\da-f:]+-\d+))?$/;

/** The address with which flannel writes "no IPv4" where a key or a value must have some address. */
const noIpv4 = '0.0.0.0';
const noIpv4Subnet = `${noIpv4}-0`;

/** The longest value that is read, in UTF-16 code units. No lease needs as much, and backend data is limited to 4 KiB later. */
const longestValue = 65_536;
/** The deepest nesting that is read, because code that reads or prints a lease later may recurse. */
const deepestNesting = 32;

/** The key of a lease, as flannel's `MakeSubnetKey` prints it. An IPv6-only one begins with `0.0.0.0-0&`. */
export function leaseKey(subnets: LeaseSubnets): string {
  const { ipv4 = noIpv4Subnet, ipv6 } = mapFamilies(subnets, formatPart);
  return ipv6 === undefined ? ipv4 : `${ipv4}&${ipv6}`;
}

function formatPart(cidr: Cidr): string {
  return `${formatAddress(cidr)}-${cidr.prefix}`;
}

/**
 * Reads a lease's key as flannel does: host bits are ignored, and so is the spelling of an IPv6 address. Undefined for a key that flannel
 * does not accept: a single address (/32, /128), and text before or after. A /0 is not accepted either, because it can only stand for "no
 * IPv4". {@link leaseKey} prints the spelling in which nodes write a key.
 */
export function parseLeaseKey(key: string): LeaseSubnets | undefined {
  const [, ipv4, ipv6] = keyForm.exec(key) ?? [];
  const parts = { ipv4: ipv4 === noIpv4Subnet ? undefined : ipv4, ipv6 };
  const subnets = mapFamilies(parts, parsePart);
  const count = presentValues(subnets).length;
  return count > 0 && count === presentValues(parts).length ? subnets : undefined;
}

function parsePart(part: string): Cidr | undefined {
  const [text = '', length] = part.split('-');
  const address = parseAddress(text);
  const prefix = Number(length);
  if (address === undefined || prefix === 0 || prefix >= addressBits(address.family)) return undefined;
  return networkOf(address, prefix);
}

/** The form of a range anywhere in a text, in any spelling: `node-10.50.4.7/32`. */
const rangeForm = /((?:\d{1,3}\.){3}\d{1,3}|[\da-f]*:[\da-f:]+)[-/](\d{1,3})(?!\d)/gi;
/** The longest key that messages show whole. Keys of leases are much shorter. */
const longestKey = 256;

/** Shortens a key for messages, if it is longer than any key of a lease. */
export function shownKey(key: string): string {
  return key.length <= longestKey ? key : `${key.slice(0, longestKey)}… (${key.length} characters)`;
}

/**
 * The subnets that a key claims: those of a lease, or the ranges in a key that flannel does not accept as one (`10.50.4.7-32`,
 * `node1-10.50.4.0-24`). Such a range may be in use, so no node may get it. Undefined if the key names none.
 */
export function claimedSubnets(key: string): LeaseSubnets | undefined {
  const subnets = parseLeaseKey(key);
  if (subnets !== undefined) return subnets;
  const found: Record<FamilyKey, Cidr | undefined> = { ...noFamily };
  for (const [, text = '', length] of key.slice(0, longestKey).matchAll(rangeForm)) {
    const address = parseAddress(text.replaceAll(/(^|\.)0+(?=\d)/g, '$1').toLowerCase());
    const prefix = Number(length);
    if (address === undefined || prefix === 0 || prefix > addressBits(address.family)) continue;
    found[familyKey(address.family)] ??= networkOf(address, prefix);
  }
  return presentValues(found).length === 0 ? undefined : found;
}

/**
 * Prints JSON byte for byte as Go's `encoding/json` does: compact, and with `<`, `>`, `&` and the two Unicode line
 * separators escaped.
 */
export function encodeJson(value: Json): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Prints a lease's value as Go marshals flannel's `LeaseAttrs`: field order, `omitempty`, and `null` for no IPv6. */
export function encodeAttributes(attributes: LeaseAttributes): string {
  const { publicIp, publicIpv6, backendType, backendData, backendV6Data } = attributes;
  return encodeJson({
    PublicIP: publicIp ?? noIpv4,
    PublicIPv6: publicIpv6 ?? null,
    ...(backendType !== '' && { BackendType: backendType }),
    ...(backendData !== undefined && { BackendData: backendData }),
    ...(backendV6Data !== undefined && { BackendV6Data: backendV6Data }),
  });
}

/** A lease as a store holds it. */
interface EncodedLease {
  readonly key: string;
  readonly value: string;
  readonly expiresAt: number | undefined;
}

export type DecodedLease =
  | { readonly kind: 'lease'; readonly lease: Lease }
  /** `reason` is one clause without the key: `its PublicIP is "x", which is not an IPv4 address`. */
  | { readonly kind: 'malformed'; readonly reason: string };

/**
 * Reads a lease from any author. Never throws. The result has the right shape and canonical addresses, and is otherwise unchecked. As in
 * flannel, the case of field names does not matter, unknown fields are ignored, the last of repeated fields counts, and `null` is an object
 * without fields.
 */
export function decodeLease({ key, value, expiresAt }: EncodedLease): DecodedLease {
  const subnets = parseLeaseKey(key);
  if (subnets === undefined) return malformed('its key is not a subnet written like 10.50.4.0-24');
  const fields = parseFields(value);
  if (typeof fields === 'string') return malformed(fields);
  const attributes = readAttributes(fields);
  if (typeof attributes === 'string') return malformed(attributes);
  return { kind: 'lease', lease: { key, subnets, attributes, expiresAt } };
}

function malformed(reason: string): DecodedLease {
  return { kind: 'malformed', reason };
}

type JsonFields = ReadonlyMap<string, Json>;

/** The fields of a JSON object, or a description of the error. They are in a map because their names are not to be trusted. */
function parseFields(value: string): JsonFields | string {
  if (value.length > longestValue) return `its value is longer than ${longestValue} characters`;
  let parsed: Json;
  try {
    parsed = JSON.parse(value) as Json;
  } catch {
    return `its value is not JSON: ${quote(value)}`;
  }
  if (parsed === null) return new Map();
  if (typeof parsed !== 'object' || Array.isArray(parsed)) {
    return `its value is not a JSON object: ${quote(value)}`;
  }
  if (isNestedDeeperThan(parsed, deepestNesting)) return `its value is nested deeper than ${deepestNesting}`;
  return new Map(
    Object.entries(parsed).map(([name, field]) => [matchGoName(name, fieldNames) ?? name, field]),
  );
}

/** The fields of flannel's `LeaseAttrs`. */
const fieldNames = ['PublicIP', 'PublicIPv6', 'BackendType', 'BackendData', 'BackendV6Data'];

function isNestedDeeperThan(value: Json, limit: number): boolean {
  if (value === null || typeof value !== 'object') return false;
  return limit === 0 || Object.values<Json>(value).some((item) => isNestedDeeperThan(item, limit - 1));
}

function readAttributes(fields: JsonFields): LeaseAttributes | string {
  const publicIp = readPublicIp(fields.get('PublicIP'));
  if (publicIp.kind === 'invalid') return publicIp.reason;
  const publicIpv6 = readPublicIpv6(fields.get('PublicIPv6'));
  if (publicIpv6.kind === 'invalid') return publicIpv6.reason;
  const backendType = fields.get('BackendType') ?? '';
  if (typeof backendType !== 'string')
    return `its BackendType is ${quote(backendType)}, which is not a string`;
  return {
    publicIp: publicIp.address,
    publicIpv6: publicIpv6.address,
    backendType,
    backendData: fields.get('BackendData'),
    backendV6Data: fields.get('BackendV6Data'),
  };
}

type ReadAddress =
  | { readonly kind: 'valid'; readonly address: string | undefined }
  | { readonly kind: 'invalid'; readonly reason: string };

/** Reads the public IPv4 address. flannel marshals an absent one as 0.0.0.0, and refuses `null`. */
function readPublicIp(value: Json | undefined): ReadAddress {
  if (value === undefined || value === noIpv4) return { kind: 'valid', address: undefined };
  const read = typeof value === 'string' ? parseAddress(value) : undefined;
  const address = read && asIpv4(read);
  if (address === undefined) {
    return { kind: 'invalid', reason: `its PublicIP is ${quote(value)}, which is not an IPv4 address` };
  }
  return { kind: 'valid', address: formatAddress(address) };
}

function readPublicIpv6(value: Json | undefined): ReadAddress {
  if (value === undefined || value === null) return { kind: 'valid', address: undefined };
  const address = typeof value === 'string' ? parseAddress(value) : undefined;
  if (address?.family !== 6 || isV4Mapped(address)) {
    return { kind: 'invalid', reason: `its PublicIPv6 is ${quote(value)}, which is not an IPv6 address` };
  }
  return { kind: 'valid', address: formatAddress(address) };
}

/** Makes foreign text fit for one line of a log: cut, and with every control character escaped. */
function quote(value: Json): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const cut = text.length > 60 ? `${text.slice(0, 60)}…` : text;
  return JSON.stringify(cut).replace(
    /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
