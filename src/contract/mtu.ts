import type { ParameterValue, Recipe } from '../recipe/recipe.ts';

/**
 * The MTU of the overlay in bytes: the underlay's, or what a parameter `MTU` says the underlay's is, less the recipe's
 * `Overhead`. A recipe without `Overhead` leaves it to the devices it makes: see host/overlay-mtu.ts.
 */
export function overlayMtu(
  recipe: Pick<Recipe, 'overhead'>,
  values: Readonly<Record<string, ParameterValue>>,
  ifaceMtu: number,
): number {
  const { MTU: given } = values;
  const underlayMtu = typeof given === 'number' && given > 0 ? given : ifaceMtu;
  return underlayMtu - (recipe.overhead ?? 0);
}
