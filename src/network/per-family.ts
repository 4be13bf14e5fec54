import type { Family } from './cidr.ts';

/** A value for each address family; undefined for a family that has none. */
export interface PerFamily<T> {
  readonly ipv4: T | undefined;
  readonly ipv6: T | undefined;
}

/** The names of address families in {@link PerFamily}. */
export type FamilyKey = keyof PerFamily<unknown>;

/** No value for either family. */
export const noFamily: PerFamily<never> = { ipv4: undefined, ipv6: undefined };

/** The key of an address family. */
export function familyKey(family: Family): FamilyKey {
  return family === 4 ? 'ipv4' : 'ipv6';
}

/** The values that there are, IPv4's first. */
export function presentValues<T>({ ipv4, ipv6 }: PerFamily<T>): T[] {
  return [ipv4, ipv6].filter((value) => value !== undefined);
}

/** Changes each value that there is. A family without a value stays without one. */
export function mapFamilies<T, U>(
  { ipv4, ipv6 }: PerFamily<T>,
  change: (value: T, family: FamilyKey) => U | undefined,
): PerFamily<U> {
  return {
    ipv4: ipv4 === undefined ? undefined : change(ipv4, 'ipv4'),
    ipv6: ipv6 === undefined ? undefined : change(ipv6, 'ipv6'),
  };
}

/** Makes a value for each family. */
export function eachFamily<T>(make: (family: FamilyKey) => T | undefined): PerFamily<T> {
  return { ipv4: make('ipv4'), ipv6: make('ipv6') };
}

/** The values of two pairs side by side, IPv4's first; both families are in it, whether they have values or not. */
export function zipFamilies<A, B>(
  a: PerFamily<A>,
  b: PerFamily<B>,
): readonly (readonly [A | undefined, B | undefined])[] {
  return [
    [a.ipv4, b.ipv4],
    [a.ipv6, b.ipv6],
  ];
}
