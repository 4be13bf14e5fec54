import { Failure } from '../diagnostic/failure.ts';
import { leastMtu } from '../network/encapsulation.ts';
import type { PerFamily } from '../network/per-family.ts';
import type { ParameterValue, Recipe } from '../recipe/recipe.ts';
import { overlayMtus, publishedMtu, underlayMtu } from './mtu.ts';

const familyNames = { ipv4: 'IPv4', ipv6: 'IPv6' } as const;

/** The origin of the MTU of an overlay. */
interface MtuOrigin {
  readonly recipe: Pick<Recipe, 'overhead'>;
  readonly parameterValues: Readonly<Record<string, ParameterValue>>;
  readonly iface: { readonly name: string; readonly mtu: number };
}

/**
 * Throws a {@link Failure} with the arithmetic if a family of the network would get less MTU than it needs. Pods use the smaller MTU of the
 * two for both families, so that one counts.
 */
export function requireLeastMtu(families: PerFamily<unknown>, origin: MtuOrigin): void {
  const { recipe, parameterValues, iface } = origin;
  const mtu = publishedMtu(overlayMtus(recipe, parameterValues, iface.mtu, families));
  const family = tooSmallFor(families, mtu);
  if (family === undefined) return;
  const underlay = underlayMtu(parameterValues, iface.mtu);
  const overhead = underlay - mtu;
  const isParameter = underlay !== iface.mtu;
  const source = isParameter ? 'the parameter MTU' : `the MTU of ${iface.name}`;
  const rest = overhead === 0 ? ' and' : ` less ${overhead} bytes of Overhead leaves ${mtu}, and`;
  throw new Failure(
    'interface',
    `the overlay cannot carry ${familyNames[family]}: ${source} is ${underlay},${rest} ${familyNames[family]} needs ${leastMtu[family]}`,
    {
      hint: adviseOn(
        family,
        families,
        `raise ${source} to at least ${leastMtu[family] + overhead}`,
        isParameter,
      ),
    },
  );
}

/** Throws a {@link Failure} if a family of the network needs more than the MTU that the devices of a recipe have. */
export function requireLeastDeviceMtu(families: PerFamily<unknown>, mtu: number, because: string): void {
  const family = tooSmallFor(families, mtu);
  if (family === undefined) return;
  throw new Failure(
    'interface',
    `the overlay cannot carry ${familyNames[family]}: ${because}, and ${familyNames[family]} needs ${leastMtu[family]}`,
    {
      hint: adviseOn(family, families, 'raise the MTU that the recipe gives its device'),
    },
  );
}

function tooSmallFor(families: PerFamily<unknown>, mtu: number): keyof typeof leastMtu | undefined {
  if (families.ipv6 !== undefined && mtu < leastMtu.ipv6) return 'ipv6';
  return families.ipv4 !== undefined && mtu < leastMtu.ipv4 ? 'ipv4' : undefined;
}

function adviseOn(
  family: keyof typeof leastMtu,
  { ipv4 }: PerFamily<unknown>,
  raise: string,
  isParameter = false,
): string {
  const ways = [raise];
  if (!isParameter) ways.push('choose an interface with a larger MTU with --iface');
  if (family === 'ipv6' && ipv4 !== undefined)
    ways.push('set EnableIPv6 to false in the network configuration');
  return ways.join(', or ');
}
