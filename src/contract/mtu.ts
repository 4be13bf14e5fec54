import { mapFamilies, presentValues, type PerFamily } from '../network/per-family.ts';
import type { ParameterValue, Recipe } from '../recipe/recipe.ts';

/** The MTU of the underlay in bytes: the interface's, or the value of a parameter `MTU`. */
export function underlayMtu(
  { MTU: given }: Readonly<Record<string, ParameterValue>>,
  ifaceMtu: number,
): number {
  return typeof given === 'number' && given > 0 ? given : ifaceMtu;
}

/**
 * The MTU of the overlay in bytes, for each family of the network: the underlay's MTU less the recipe's `Overhead`. Without `Overhead`, the
 * recipe's devices decide; see host/interface/overlay-mtu.ts.
 */
export function overlayMtus(
  { overhead }: Pick<Recipe, 'overhead'>,
  values: Readonly<Record<string, ParameterValue>>,
  ifaceMtu: number,
  families: PerFamily<unknown>,
): PerFamily<number> {
  const mtu = underlayMtu(values, ifaceMtu);
  return mapFamilies(families, (_, family) => mtu - (overhead?.[family] ?? 0));
}

/** The MTU that pods may use, in bytes. A pod has one interface for both families, so the smaller MTU counts. */
export function publishedMtu(mtus: PerFamily<number>): number {
  return Math.min(...presentValues(mtus));
}
