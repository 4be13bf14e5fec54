import { formatCidr } from '../../network/cidr.ts';
import type { NetworkConfiguration } from '../../network/configuration.ts';
import { presentValues } from '../../network/per-family.ts';
import { countSubnets, subnetAt } from '../../network/subnets.ts';
import { isObject } from '../../lease/read-field.ts';
import type { Json } from '../../lease/lease.ts';
import { leaseKey } from '../../lease/wire.ts';
import { attacks } from './attacks.ts';

/** A lease that no node may act on. */
interface HostileLease {
  readonly key: string;
  readonly text: string;
}

/** The origin of hostile leases. */
interface HostileOrigin {
  /** A good lease of the network. */
  readonly good: HostileLease;
  readonly network: NetworkConfiguration;
  /** The subnets that nodes of the network have, by their keys. */
  readonly taken: readonly string[];
  /** The public address of the node that reads the leases. */
  readonly ownAddress: string;
  /** The directory in which an attack that succeeds makes a file. */
  readonly bait: string;
}

/** Addresses that no peer can have. */
const badAddresses = [
  '0.0.0.0',
  '127.0.0.1',
  '224.0.0.1',
  '255.255.255.255',
  '192.0.2.9;id',
  '$(id)',
  '-h',
  '',
];

/** The number of subnets that are left out before the first hostile one, so that no node takes it meanwhile. */
const firstSubnet = 40n;

/**
 * Makes leases out of a good one: with hostile text in place of each text of the backend data, with addresses that no peer can have, and
 * with keys that overlap the subnets of others.
 */
export function hostileLeases(origin: HostileOrigin): readonly HostileLease[] {
  const { good, network, taken, bait, ownAddress } = origin;
  const fields = JSON.parse(good.text) as Readonly<Record<string, Json>>;
  const keys = freeKeys(network, taken);
  // In a network of IPv6 alone, nobody reads the data of IPv4. A recipe without data may still get some.
  const mainKey = network.ipv4 === undefined ? 'BackendV6Data' : 'BackendData';
  const dataKeys = ['BackendData', 'BackendV6Data'].filter(
    (key) => key === mainKey || fields[key] !== undefined,
  );
  let number = 0;
  const encode = (changed: Readonly<Record<string, Json>>, key = keys.next().value): HostileLease[] => {
    number += 1;
    const addresses = {
      PublicIP: typeof fields['PublicIP'] === 'string' ? `203.0.113.${(number % 250) + 1}` : null,
      PublicIPv6: typeof fields['PublicIPv6'] === 'string' ? `2001:db8:5::${number.toString(16)}` : null,
    };
    return key === undefined ? [] : [{ key, text: JSON.stringify({ ...fields, ...addresses, ...changed }) }];
  };
  return [
    ...attacks(bait).flatMap((attack) =>
      encode(Object.fromEntries(dataKeys.map((key) => [key, poison(fields[key], attack)]))),
    ),
    ...[...badAddresses, ownAddress].flatMap((address) => encode({ PublicIP: address, PublicIPv6: address })),
    ...overlappingKeys(network).flatMap((key) => encode({}, key)),
  ];
}

/** Data with a hostile text in place of each text, or in place of all of it. */
function poison(data: Json | undefined, attack: string): Json {
  if (data === undefined || !isObject(data)) return attack;
  return Object.fromEntries(
    Object.entries(data as Readonly<Record<string, Json>>).map(([name, value]) => [
      name,
      typeof value === 'string' ? attack : value,
    ]),
  );
}

/** The keys of subnets that nobody has, as many as there are. */
function* freeKeys(network: NetworkConfiguration, taken: readonly string[]): Generator<string, undefined> {
  const ranges = presentValues(network);
  const most = ranges.map(countSubnets).reduce((least, count) => (count < least ? count : least));
  for (let index = firstSubnet; index < most; index += 1n) {
    const [first, second] = ranges.map((range) => subnetAt(range, index));
    if (first === undefined) return undefined;
    const key = leaseKey(
      network.ipv4 === undefined ? { ipv4: undefined, ipv6: first } : { ipv4: first, ipv6: second },
    );
    if (!taken.includes(key)) yield key;
  }
  return undefined;
}

/** Keys that take the subnets of everybody. */
function overlappingKeys(network: NetworkConfiguration): readonly string[] {
  return presentValues(network).map((range) => formatCidr(range.network).replace('/', '-'));
}
