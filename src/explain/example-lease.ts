import { Failure } from '../diagnostic/failure.ts';
import type { Json, LeaseSubnets } from '../lease/lease.ts';
import { overlaps, parseAddress, parseCidr, formatAddress, type Cidr, type Family } from '../network/cidr.ts';
import type { NetworkConfiguration, SubnetRange } from '../network/configuration.ts';
import { countSubnets, subnetAt } from '../network/subnets.ts';
import type { BackendDataFormat } from '../recipe/recipe.ts';

/** Values for each address family. */
export interface PerFamily<T> {
  readonly ipv4: T | undefined;
  readonly ipv6: T | undefined;
}

/** Reads one subnet for each family of the network at most: `10.50.4.0/24,fd00:1::/64`. Throws a Failure. */
export function parseSubnets(text: string, network: NetworkConfiguration): LeaseSubnets {
  return perFamily('--subnet', text, network, (part) => parseCidr(part), 'a subnet such as 10.50.4.0/24');
}

/** Reads one address for each family of the network at most, in canonical form. Throws a Failure. */
export function parseAddresses(text: string, network: NetworkConfiguration): PerFamily<string> {
  const { ipv4, ipv6 } = perFamily(
    '--public-ip',
    text,
    network,
    parseAddress,
    'an address such as 192.0.2.7',
  );
  return { ipv4: ipv4 && formatAddress(ipv4), ipv6: ipv6 && formatAddress(ipv6) };
}

function perFamily<T extends { readonly family: Family }>(
  option: string,
  text: string,
  network: NetworkConfiguration,
  parse: (part: string) => T | undefined,
  expected: string,
): PerFamily<T> {
  const found: { ipv4: T | undefined; ipv6: T | undefined } = { ipv4: undefined, ipv6: undefined };
  for (const part of text.split(',')) {
    const value = parse(part.trim());
    if (value === undefined)
      throw new Failure('usage', `${option} ${JSON.stringify(part)} is not ${expected}`);
    const family = value.family === 4 ? 'ipv4' : 'ipv6';
    if (network[family] === undefined) {
      throw new Failure(
        'usage',
        `${option} ${part} is IPv${value.family}, which the recipe's network does not have`,
      );
    }
    if (found[family] !== undefined) {
      throw new Failure('usage', `${option} names two values for IPv${value.family}`, {
        hint: 'give one for each address family, separated by a comma',
      });
    }
    found[family] = value;
  }
  return found;
}

/** A subnet of each family that could be leased, other than the ones given. */
export function exampleSubnets(network: NetworkConfiguration, taken: LeaseSubnets): LeaseSubnets {
  return {
    ipv4: network.ipv4 && exampleSubnet(network.ipv4, taken.ipv4),
    ipv6: network.ipv6 && exampleSubnet(network.ipv6, taken.ipv6),
  };
}

function exampleSubnet(range: SubnetRange, taken: Cidr | undefined): Cidr {
  const first = subnetAt(range, 0n);
  const isFree = taken === undefined || !overlaps(first, taken);
  return isFree || countSubnets(range) < 2n ? first : subnetAt(range, 1n);
}

/** An address of each family from the ranges that documents use for examples, other than the ones given. */
export function exampleAddresses(
  { ipv4, ipv6 }: NetworkConfiguration,
  taken: PerFamily<string>,
): PerFamily<string> {
  return {
    ipv4: ipv4 && (taken.ipv4 === '192.0.2.1' ? '192.0.2.2' : '192.0.2.1'),
    ipv6: ipv6 && (taken.ipv6 === '2001:db8::1' ? '2001:db8::2' : '2001:db8::1'),
  };
}

/** What backend data is often made of, for examples: a MAC, a WireGuard key, a number, a name, an address. */
const candidates: readonly string[] = [
  '02:00:00:00:00:02',
  'bm90IGEgcmVhbCBrZXksIG9ubHkgYW4gZXhhbXBsZSE=',
  '1',
  '51820',
  'example',
  '192.0.2.2',
  'true',
  '0123456789abcdef',
  '',
];

/** Backend data that a recipe's format accepts. Throws a Failure if none can be thought of. */
export function exampleData(format: BackendDataFormat): Json {
  switch (format.format) {
    case 'text':
      return format.pattern === undefined ? (candidates[0] ?? '') : exampleFor(format.pattern, 'Pattern');
    case 'json':
      return Object.fromEntries(
        format.fields.map(({ name, pattern }) => {
          const text = exampleFor(pattern, `Fields.${name}`);
          return [name, /^\d+$/.test(text) ? Number(text) : text];
        }),
      );
  }
}

function exampleFor(pattern: RegExp, name: string): string {
  const example = candidates.find((candidate) => pattern.test(candidate));
  if (example !== undefined) return example;
  throw new Failure('usage', `no example is known that the recipe's BackendData.${name} accepts`, {
    hint: 'give backend data with --data',
  });
}
