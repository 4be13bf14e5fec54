import type { Findings } from '../diagnostic/findings.ts';
import type { LocatedValue } from '../diagnostic/located-value.ts';
import { quoteText } from '../diagnostic/visible-text.ts';
import {
  addressBits,
  contains,
  formatAddress,
  formatCidr,
  lastAddress,
  networkOf,
  overlaps,
  parseAddress,
  parseCidr,
  type Address,
  type Cidr,
  type Family,
} from './cidr.ts';
import type { SubnetRange } from './configuration.ts';
import { familyKey, type FamilyKey } from './per-family.ts';

type NetworkKey = 'Network' | 'IPv6Network';
type LengthKey = 'SubnetLen' | 'IPv6SubnetLen';
type LimitKey = 'SubnetMin' | 'SubnetMax' | 'IPv6SubnetMin' | 'IPv6SubnetMax';

/** The values that a range is made of. */
export type RangeValues = Readonly<
  Partial<Record<NetworkKey | LimitKey, LocatedValue<string>> & Record<LengthKey, LocatedValue<number>>>
>;

/** flannel's rules for the network of one family. */
export interface FamilyRules {
  readonly family: Family;
  readonly keys: {
    readonly enable: 'EnableIPv4' | 'EnableIPv6';
    readonly network: NetworkKey;
    readonly length: LengthKey;
    readonly min: LimitKey;
    readonly max: LimitKey;
  };
  /** Whether the family is enabled in a document that does not say. */
  readonly isUsual: boolean;
  /** The subnets' length where the network has room for four of it. */
  readonly usualLength: number;
  /** The longest prefix of a subnet: it must hold a tunnel and a bridge. */
  readonly longestSubnet: number;
  readonly exampleNetwork: string;
}

export const familyRules: Readonly<Record<FamilyKey, FamilyRules>> = {
  ipv4: {
    family: 4,
    keys: {
      enable: 'EnableIPv4',
      network: 'Network',
      length: 'SubnetLen',
      min: 'SubnetMin',
      max: 'SubnetMax',
    },
    isUsual: true,
    usualLength: 24,
    longestSubnet: 30,
    exampleNetwork: '10.50.0.0/16',
  },
  ipv6: {
    family: 6,
    keys: {
      enable: 'EnableIPv6',
      network: 'IPv6Network',
      length: 'IPv6SubnetLen',
      min: 'IPv6SubnetMin',
      max: 'IPv6SubnetMax',
    },
    isUsual: false,
    usualLength: 64,
    longestSubnet: 126,
    exampleNetwork: '2001:db8:42::/56',
  },
};

/** A network must have room for at least four subnets. */
const roomBits = 2;

/** Checks one family's range; reports whatever is wrong, and returns undefined if no range can be made of it. */
export function checkSubnetRange(
  values: RangeValues,
  rules: FamilyRules,
  findings: Findings,
): SubnetRange | undefined {
  const { keys } = rules;
  const network = readNetwork(values[keys.network], rules, findings);
  const limits = {
    min: readLimit(values[keys.min], keys.min, rules, findings),
    max: readLimit(values[keys.max], keys.max, rules, findings),
  };
  if (network === undefined) return undefined;
  const subnetLength = chooseLength(network, values[keys.length], rules, findings);
  if (subnetLength === undefined) return undefined;
  const min = placeLimit(keys.min, limits.min, network, subnetLength, findings);
  const max = placeLimit(keys.max, limits.max, network, subnetLength, findings);
  return makeRange(network, subnetLength, { min, max }, rules, findings);
}

function readNetwork(
  given: LocatedValue<string> | undefined,
  rules: FamilyRules,
  findings: Findings,
): Cidr | undefined {
  if (given === undefined) return undefined;
  const key = rules.keys.network;
  const network = parseCidr(given.value);
  if (network === undefined) {
    const message = `\`${key}\` must be an IPv${rules.family} network, not ${quoteText(given.value)}`;
    findings.error('malformed-address', given.span, message, suggestNetwork(given.value, rules));
    return undefined;
  }
  if (network.family !== rules.family) {
    const other = familyRules[familyKey(network.family)];
    const message = `\`${key}\` must be an IPv${rules.family} network, but this is IPv${other.family}`;
    findings.error('wrong-family', given.span, message, `write it as \`${other.keys.network}\``);
    return undefined;
  }
  const longest = rules.longestSubnet - roomBits;
  if (network.prefix > longest) {
    const message = `\`${key}\` is too small: a /${network.prefix} does not have room for four subnets`;
    findings.error('network-too-small', given.span, message, `give it a prefix of at most /${longest}`);
    return undefined;
  }
  const reserved = findReserved(network);
  if (reserved !== undefined) {
    const message = `\`${key}\` ${formatCidr(network)} overlaps ${reserved}`;
    findings.error('unusable-network', given.span, message, `use \`${rules.exampleNetwork}\`, for example`);
    return undefined;
  }
  return network;
}

/** Addresses that a host has for itself, or that belong to no host. */
const reserved: readonly (readonly [network: string, use: string])[] = [
  ['127.0.0.0/8', 'the loopback addresses of each host'],
  ['224.0.0.0/4', 'the multicast addresses'],
  ['::1/128', 'the loopback address of each host'],
  ['fe80::/10', 'the link-local addresses of each host'],
  ['ff00::/8', 'the multicast addresses'],
];

/** The reserved addresses that a network overlaps, for a message; undefined if there are none. */
function findReserved(network: Cidr): string | undefined {
  const hit = reserved.find(([text]) => {
    const other = parseCidr(text);
    return other?.family === network.family && overlaps(other, network);
  });
  return hit && `${hit[0]}, ${hit[1]}`;
}

/** A suggestion for a text that is not a network. */
function suggestNetwork(text: string, rules: FamilyRules): string {
  const [addressText = '', prefixText] = text.split('/');
  const address = parseAddress(addressText);
  const prefix = /^\d{1,3}$/.test(prefixText ?? '') ? Number(prefixText) : undefined;
  if (address === undefined || (prefix !== undefined && prefix > addressBits(address.family))) {
    return `write an address and a prefix length, such as \`${rules.exampleNetwork}\``;
  }
  if (prefix === undefined) return `add a prefix length, such as \`${formatAddress(address)}/16\``;
  return `write \`${formatCidr(networkOf(address, prefix))}\``;
}

function chooseLength(
  network: Cidr,
  given: LocatedValue<number> | undefined,
  rules: FamilyRules,
  findings: Findings,
): number | undefined {
  const least = network.prefix + roomBits;
  if (given === undefined) return Math.max(rules.usualLength, least);
  if (given.value >= least && given.value <= rules.longestSubnet) return given.value;
  const bounds = `from ${least} to ${rules.longestSubnet} in ${formatCidr(network)}`;
  const message = `\`${rules.keys.length}\` must be ${bounds}, which must have room for four subnets`;
  findings.error('subnet-length', given.span, message);
  return undefined;
}

function readLimit(
  given: LocatedValue<string> | undefined,
  key: LimitKey,
  rules: FamilyRules,
  findings: Findings,
): LocatedValue<Address> | undefined {
  if (given === undefined) return undefined;
  const address = parseAddress(given.value);
  if (address?.family === rules.family) return { value: address, span: given.span };
  const code = address === undefined ? 'malformed-address' : 'wrong-family';
  const message = `\`${key}\` must be an IPv${rules.family} address, not ${quoteText(given.value)}`;
  const hint = given.value.includes('/') ? 'remove the prefix length' : undefined;
  findings.error(code, given.span, message, hint);
  return undefined;
}

/** Returns a limit that is the address of one of the network's subnets; reports any other. */
function placeLimit(
  key: LimitKey,
  limit: LocatedValue<Address> | undefined,
  network: Cidr,
  subnetLength: number,
  findings: Findings,
): LocatedValue<Address> | undefined {
  if (limit === undefined) return undefined;
  const text = formatAddress(limit.value);
  const subnet = networkOf(limit.value, subnetLength);
  if (!contains(network, limit.value)) {
    const last = formatAddress(networkOf(lastAddress(network), subnetLength));
    const hint = `its subnets are from ${formatAddress(network)} to ${last}`;
    findings.error('subnet-range', limit.span, `\`${key}\` ${text} is outside ${formatCidr(network)}`, hint);
    return undefined;
  }
  if (subnet.value !== limit.value.value) {
    const message = `\`${key}\` ${text} is not the first address of a /${subnetLength} subnet`;
    const hint = `that subnet begins at \`${formatAddress(subnet)}\``;
    findings.error('subnet-range', limit.span, message, hint);
    return undefined;
  }
  return limit;
}

/** Fills in flannel's limits: the second subnet (the first is all zeros), and the last. */
function makeRange(
  network: Cidr,
  subnetLength: number,
  limits: {
    readonly min: LocatedValue<Address> | undefined;
    readonly max: LocatedValue<Address> | undefined;
  },
  rules: FamilyRules,
  findings: Findings,
): SubnetRange {
  const size = 1n << BigInt(addressBits(network.family) - subnetLength);
  const { family } = network;
  const subnetMin = limits.min?.value ?? { family, value: network.value + size };
  const lastSubnet = networkOf(lastAddress(network), subnetLength);
  const subnetMax = limits.max?.value ?? { family, value: lastSubnet.value };
  const given = limits.max ?? limits.min;
  if (subnetMin.value > subnetMax.value && given !== undefined) {
    const message =
      `\`${rules.keys.max}\` ${formatAddress(subnetMax)} is before ` +
      `\`${rules.keys.min}\` ${formatAddress(subnetMin)}`;
    findings.error('subnet-range', given.span, message);
  }
  return { network, subnetLength, subnetMin, subnetMax };
}
