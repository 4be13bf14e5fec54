import { describeUnusable } from '../network/address-scope.ts';
import { contains, formatAddress, formatCidr, parseAddress } from '../network/cidr.ts';
import type { Cidr } from '../network/cidr.ts';
import type { NetworkConfiguration, SubnetRange } from '../network/configuration.ts';
import { describeUnusableMac } from '../network/mac-address.ts';
import { mapFamilies, presentValues, type FamilyKey, type PerFamily } from '../network/per-family.ts';
import { publicAddresses } from '../network/public-addresses.ts';
import { describeUnusableKey } from '../network/public-key.ts';
import { publishedTypeOf } from '../recipe/flannel/backend-types.ts';
import type { ValuePattern } from '../recipe/pattern/compile-pattern.ts';
import type { BackendDataFormat } from '../recipe/recipe.ts';
import type { AgreedField } from './agreed-fields.ts';
import { identitiesOfPeer } from './identities.ts';
import type { Identity } from './identities.ts';
import { backendDataOf, type Json, type Lease, type LeaseSubnets, type Peer } from './lease.ts';
import { isObject, readField } from './read-field.ts';

/** The facts that a lease must agree with before a command may run for it. */
export interface PeerRules {
  readonly network: NetworkConfiguration;
  readonly backendType: string;
  readonly backendData: BackendDataFormat;
  /** The fields that must be equal on both nodes, so that they can reach each other. */
  readonly agreed: readonly AgreedField[];
  /** This node's public addresses, and its own addresses on the interface. Canonical. */
  readonly ownAddresses: readonly string[];
  /** Whether a peer's public address may lie inside the overlay network, as with `--allow-overlap`. */
  readonly allowOverlap: boolean;
  /** The MAC addresses and keys that this node publishes. */
  readonly ownIdentities: readonly Identity[];
}

/** Something that only this node has, and that a lease claims for another node. */
export type OwnClaim =
  | { readonly kind: 'address'; readonly address: string }
  | { readonly kind: 'identity'; readonly identity: Identity };

export type PeerVerdict =
  | { readonly kind: 'peer'; readonly peer: Peer }
  /** The lease has another backend type, so this node ignores it. */
  | { readonly kind: 'ignored' }
  /** The lease is reserved for a node that does not have it now. */
  | { readonly kind: 'reserved' }
  /** `claim` names this node's value that the lease claims, if that is the reason. */
  | { readonly kind: 'rejected'; readonly because: string; readonly claim: OwnClaim | undefined };

/** The form of text that may reach a shell's stdin when the recipe gives no pattern: no blank, quote, control or leading dash. */
const plainLine = /^[A-Za-z0-9+/][A-Za-z0-9+/=:._,@-]*$/;
const maximumDataBytes = 4096;

/** The names of each family's address and data, in messages, and the first part of its fields' variables. */
const familyNames = {
  ipv4: { number: 4, address: 'PublicIP', data: 'backend data', variable: 'DATA' },
  ipv6: { number: 6, address: 'PublicIPv6', data: 'IPv6 backend data', variable: 'DATA6' },
} as const satisfies Readonly<Record<FamilyKey, object>>;

class Rejection extends Error {
  readonly claim: OwnClaim | undefined;

  constructor(because: string, claim?: OwnClaim) {
    super(because);
    this.claim = claim;
  }
}

/**
 * Decides whether a lease from another machine may be handed to this node's commands, and as which peer. Every value in the result was
 * parsed and printed again, or matched a pattern. The roster handles overlaps of leases.
 */
export function checkPeer(lease: Lease, rules: PeerRules): PeerVerdict {
  const { backendType } = lease.attributes;
  if (backendType !== rules.backendType && backendType !== publishedTypeOf(rules.backendType))
    return { kind: backendType === '' && lease.expiresAt === undefined ? 'reserved' : 'ignored' };
  try {
    const peer = readPeer(lease, rules);
    refuseOwnIdentity(peer, rules);
    return { kind: 'peer', peer };
  } catch (error) {
    if (!(error instanceof Rejection)) throw error;
    return { kind: 'rejected', because: error.message, claim: error.claim };
  }
}

function readPeer(lease: Lease, rules: PeerRules): Peer {
  const families = sharedFamilies(rules.network, lease.subnets);
  const addresses = publicAddresses(lease.attributes);
  const publicAddress = mapFamilies(families, (_, family) =>
    readPublicAddress(addresses[family], family, rules),
  );
  const subnet = mapFamilies(families, ({ network }, family) => readSubnet(lease.subnets[family], network));
  const data = readAllData(sharedData(lease, rules.backendData, families), rules.backendData, families);
  return {
    key: lease.key,
    subnet: subnet.ipv4,
    ipv6Subnet: subnet.ipv6,
    publicIp: publicAddress.ipv4,
    publicIpv6: publicAddress.ipv6,
    stdin: presentValues(data)
      .map(({ line }) => (line === undefined ? '' : `${line}\n`))
      .join(''),
    fields: { ...data.ipv4?.fields, ...data.ipv6?.fields },
  };
}

/**
 * The families that a lease shares with the network. While a network becomes dual-stack, some nodes have both families and others have one:
 * they reach each other by that one. Throws a Rejection if there is none.
 */
function sharedFamilies(network: NetworkConfiguration, subnets: LeaseSubnets): PerFamily<SubnetRange> {
  const shared = mapFamilies(network, (range, family) => (subnets[family] === undefined ? undefined : range));
  if (presentValues(shared).length === 0) {
    throw new Rejection(`it does not have an ${network.ipv4 === undefined ? 'IPv6' : 'IPv4'} subnet`);
  }
  return shared;
}

/**
 * The backend data of a lease. A dual-stack node prints text once, and publishes it for IPv4. Where only IPv6 is shared, that text is the
 * IPv6 data.
 */
function sharedData(
  { attributes, subnets }: Lease,
  { format }: BackendDataFormat,
  families: PerFamily<unknown>,
): PerFamily<Json> {
  const data = backendDataOf(attributes);
  const isShared = format === 'text' && subnets.ipv4 !== undefined && families.ipv4 === undefined;
  return isShared && data.ipv6 === undefined ? { ...data, ipv6: data.ipv4 } : data;
}

function readSubnet(subnet: Cidr | undefined, network: Cidr): string | undefined {
  if (subnet === undefined) return undefined;
  if (!contains(network, subnet) || subnet.prefix === network.prefix) {
    throw new Rejection(`its subnet ${formatCidr(subnet)} is not inside ${formatCidr(network)}`);
  }
  return formatCidr(subnet);
}

function readPublicAddress(text: string | undefined, family: FamilyKey, rules: PeerRules): string {
  const { number, address: name } = familyNames[family];
  const address = text === undefined ? undefined : parseAddress(text);
  if (address?.family !== number)
    throw new Rejection(`its ${name} is missing or not an IPv${number} address`);
  const canonical = formatAddress(address);
  const why = describeUnusable(address);
  if (why !== undefined) throw new Rejection(`its ${name} ${canonical} is ${why}`);
  // Packets for the peer's tunnel would go into the tunnel.
  const overlay = rules.allowOverlap ? undefined : rules.network[family]?.network;
  if (overlay !== undefined && contains(overlay, address))
    throw new Rejection(`its ${name} ${canonical} is inside the overlay network ${formatCidr(overlay)}`);
  if (rules.ownAddresses.includes(canonical))
    throw new Rejection(`its ${name} ${canonical} is this node's own`, {
      kind: 'address',
      address: canonical,
    });
  return canonical;
}

/**
 * Rejects a peer with this node's own identity. No command can make such a peer, because a device does not send to its own MAC address or
 * key.
 */
function refuseOwnIdentity(peer: Peer, { ownIdentities, backendData }: PeerRules): void {
  if (ownIdentities.length === 0) return;
  for (const identity of identitiesOfPeer(peer, backendData)) {
    const { field, value } = identity;
    if (ownIdentities.some((own) => own.value === value))
      throw new Rejection(`its ${field} ${value} is this node's own`, { kind: 'identity', identity });
  }
}

/** The reason why backend data does not have the recipe's format, as a clause; undefined if it has. */
export function checkBackendData(
  data: PerFamily<Json>,
  format: BackendDataFormat,
  families: PerFamily<unknown>,
): string | undefined {
  try {
    readAllData(data, format, families);
    return undefined;
  } catch (error) {
    if (error instanceof Rejection) return error.message;
    throw error;
  }
}

/** Reads the data of each of these families. Throws a Rejection. */
function readAllData(
  data: PerFamily<Json>,
  format: BackendDataFormat,
  families: PerFamily<unknown>,
): PerFamily<ReadData> {
  return mapFamilies(families, (_, family) => {
    // Text is printed once for both families, and published for IPv4.
    const isPrinted = format.format === 'json' || family === 'ipv4' || families.ipv4 === undefined;
    if (!isPrinted && data[family] === undefined) return { line: undefined, fields: {} };
    return readData(data[family], format, family);
  });
}

interface ReadData {
  /** The line for stdin; undefined if the recipe expects none and the lease has none. */
  readonly line: string | undefined;
  readonly fields: Readonly<Record<string, string>>;
}

/** Reads one family's backend data by the recipe's format. Throws a Rejection. */
function readData(data: Json | undefined, format: BackendDataFormat, family: FamilyKey): ReadData {
  const { data: name, variable } = familyNames[family];
  switch (format.format) {
    case 'text':
      return { line: readText(data ?? '', format.pattern, name), fields: {} };
    case 'json':
      return readObject(data, format.fields, variable, name);
  }
}

function readText(data: Json, pattern: ValuePattern | undefined, name: string): string {
  if (typeof data !== 'string') throw new Rejection(`its ${name} is not a string`);
  const text = data.replace(/\n$/, '');
  if (byteLength(text) > maximumDataBytes)
    throw new Rejection(`its ${name} is longer than ${maximumDataBytes} bytes`);
  if (text === '' && pattern === undefined) return '';
  const expected = pattern ?? plainLine;
  for (const line of text.split('\n')) {
    if (line.includes('\0') || !expected.test(line)) {
      const whose = pattern === undefined ? 'the Pattern of a recipe without one' : "the recipe's Pattern";
      throw new Rejection(
        `its ${name} ${JSON.stringify(clip(line))} does not match ${whose}, ${String(expected)}`,
      );
    }
    refuseImpossible(line, `its ${name}`);
  }
  return text;
}

function readObject(
  data: Json | undefined,
  fields: Extract<BackendDataFormat, { format: 'json' }>['fields'],
  prefix: string,
  name: string,
): ReadData {
  if (data === undefined && fields.every((field) => field.pattern.test('')))
    return { line: undefined, fields: {} };
  const names = fields.map((field) => field.name).join(', ');
  if (data === undefined) throw new Rejection(`its ${name} is missing; the recipe's Fields are ${names}`);
  if (!isObject(data))
    throw new Rejection(`its ${name} is not a JSON object; the recipe's Fields are ${names}`);
  const values: Record<string, string> = {};
  const kept: Record<string, Json> = {};
  for (const field of fields) {
    const value = readField(data, field.name);
    const text = readScalar(value, field.name, name);
    if (byteLength(text) > maximumDataBytes)
      throw new Rejection(`${field.name} in its ${name} is longer than ${maximumDataBytes} bytes`);
    if (!field.pattern.test(text)) {
      throw new Rejection(
        value === undefined || value === null
          ? `${field.name} is missing in its ${name}, and its Pattern in the recipe, ${String(field.pattern)}, does not match an empty value`
          : `${field.name} in its ${name}, ${JSON.stringify(clip(text))}, does not match its Pattern in the recipe, ${String(field.pattern)}`,
      );
    }
    refuseImpossible(text, `${field.name} in its ${name}`);
    values[`${prefix}_${field.variable}`] = text;
    if (value !== undefined) kept[field.name] = value;
  }
  return { line: JSON.stringify(kept), fields: values };
}

function readScalar(value: Json | undefined, field: string, name: string): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'object')
    throw new Rejection(`${field} in its ${name} is neither a string nor a number`);
  const text = String(value);
  // A pattern may let these characters through, but no shell input may hold them.
  if (/[\0\n\r]/.test(text)) throw new Rejection(`${field} in its ${name} contains a line break or NUL`);
  return text;
}

/** Rejects data that fits its pattern, but with which a peer can never work. */
function refuseImpossible(text: string, what: string): void {
  const whyNot = describeUnusableMac(text) ?? describeUnusableKey(text);
  if (whyNot !== undefined) throw new Rejection(`${what}, ${text}, is ${whyNot}`);
}

function clip(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 60)}…`;
}

function byteLength(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return bytes;
}
