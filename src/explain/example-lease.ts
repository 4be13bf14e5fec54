import { Failure } from '../diagnostic/failure.ts';
import type { Json, LeaseSubnets } from '../lease/lease.ts';
import { overlaps, parseAddress, parseCidr, formatAddress, type Cidr, type Family } from '../network/cidr.ts';
import type { NetworkConfiguration, SubnetRange } from '../network/configuration.ts';
import { familyKey, mapFamilies, noFamily, type FamilyKey, type PerFamily } from '../network/per-family.ts';
import { countSubnets, subnetAt } from '../network/subnets.ts';
import type { ValuePattern } from '../recipe/pattern/compile-pattern.ts';
import type { BackendDataFormat } from '../recipe/recipe.ts';

/** Reads one subnet for each family of the network at most: `10.50.4.0/24,fd00:1::/64`. Throws a Failure. */
export function parseSubnets(text: string, network: NetworkConfiguration): LeaseSubnets {
  return readPerFamily('--subnet', text, network, parseCidr, 'a subnet such as 10.50.4.0/24');
}

/** Reads one address for each family of the network at most, in canonical form. Throws a Failure. */
export function parseAddresses(text: string, network: NetworkConfiguration): PerFamily<string> {
  const expected = 'an address such as 192.0.2.7';
  return mapFamilies(readPerFamily('--public-ip', text, network, parseAddress, expected), formatAddress);
}

function readPerFamily<T extends { readonly family: Family }>(
  option: string,
  text: string,
  network: NetworkConfiguration,
  parse: (part: string) => T | undefined,
  expected: string,
): PerFamily<T> {
  let found: PerFamily<T> = noFamily;
  for (const part of text.split(',')) {
    const value = parse(part.trim());
    if (value === undefined)
      throw new Failure('usage', `${option} ${JSON.stringify(part)} is not ${expected}`, {
        hint: 'give one value, or one of each family with a comma between them',
      });
    const family = familyKey(value.family);
    if (network[family] === undefined) {
      throw new Failure(
        'usage',
        `${option} ${part} is IPv${value.family}, but the recipe's network does not have IPv${value.family}`,
        { hint: 'give a value of the other family, or add the family to the recipe' },
      );
    }
    if (found[family] !== undefined) {
      throw new Failure('usage', `${option} has two values for IPv${value.family}`, {
        hint: 'give one for each address family, separated by a comma',
      });
    }
    found = { ...found, [family]: value };
  }
  return found;
}

/** A subnet of each family that could be leased, other than the ones given. */
export function exampleSubnets(network: NetworkConfiguration, taken: LeaseSubnets): LeaseSubnets {
  return mapFamilies(network, (range, family) => exampleSubnet(range, taken[family]));
}

function exampleSubnet(range: SubnetRange, taken: Cidr | undefined): Cidr {
  const first = subnetAt(range, 0n);
  const isFree = taken === undefined || !overlaps(first, taken);
  return isFree || countSubnets(range) < 2n ? first : subnetAt(range, 1n);
}

/** An address of each family from the ranges that documents use for examples, other than the ones given. */
export function exampleAddresses(network: NetworkConfiguration, taken: PerFamily<string>): PerFamily<string> {
  return mapFamilies(network, (_, family) => examples[family].find((address) => address !== taken[family]));
}

const examples: Readonly<Record<FamilyKey, readonly string[]>> = {
  ipv4: ['192.0.2.1', '192.0.2.2'],
  ipv6: ['2001:db8::1', '2001:db8::2'],
};

/** Common forms of backend data, for examples: a MAC, a WireGuard key, a number, a name, an address, an interface in a cloud. */
const candidates: readonly string[] = [
  '02:00:00:00:00:02',
  'bm90IGEgcmVhbCBrZXksIG9ubHkgYW4gZXhhbXBsZSE=',
  '1',
  '51820',
  'example',
  '192.0.2.2',
  'true',
  '0123456789abcdef',
  'eni-0123456789abcdef0',
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

function exampleFor(pattern: ValuePattern, name: string): string {
  const example = candidates.find((candidate) => pattern.test(candidate));
  if (example !== undefined) return example;
  throw new Failure('usage', `could not find an example that matches the recipe's BackendData.${name}`, {
    hint: 'give backend data with --data',
  });
}
