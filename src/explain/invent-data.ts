import { Failure } from '../diagnostic/failure.ts';
import type { Json } from '../lease/lease.ts';
import type { NetworkConfiguration } from '../network/configuration.ts';
import { presentValues, type PerFamily } from '../network/per-family.ts';
import { readsPeerData } from '../recipe/lint/input.ts';
import type { Recipe } from '../recipe/recipe.ts';
import { exampleData } from './example-lease.ts';

/** A peer's backend data for each family, and what is to be said of them. */
export interface InventedData extends PerFamily<Json> {
  readonly about: string;
}

const howToGive = 'give real data with --data';

/** A peer's backend data as they are given (IPv4's, then IPv6's), or an example where the recipe leaves room for one. */
export function inventData(
  given: readonly string[],
  recipe: Recipe,
  network: NetworkConfiguration,
): InventedData {
  const families = presentValues(network).length;
  if (given.length > families) {
    const most = families === 1 ? 'one address family' : 'two address families';
    throw new Failure('usage', `--data was given ${given.length} times, but the network has only ${most}`, {
      hint: 'give --data once for each address family of the network',
    });
  }
  const isText = recipe.backendData.format === 'text';
  const [first, second] = given.map((text) => (isText ? text : parseData(text)));
  const { example, about } = given.length > 0 ? { example: undefined, about: 'as given' } : invent(recipe);
  const v4 = first ?? example;
  // Text is printed once for both families, and published as IPv4's.
  const v6 = second ?? (isText ? undefined : example);
  if (network.ipv4 === undefined) return { ipv4: undefined, ipv6: v4, about };
  return { ipv4: v4, ipv6: network.ipv6 && v6, about };
}

/**
 * An example of the data that PreStartupCommand publishes. The real data is known only when it runs; the recipe
 * declares only its form.
 */
function invent(recipe: Recipe): { readonly example: Json | undefined; readonly about: string } {
  const { backendData, commands } = recipe;
  if (backendData.format === 'json' || backendData.pattern !== undefined) {
    return { example: exampleData(backendData), about: `an example that BackendData allows; ${howToGive}` };
  }
  if (commands.PreStartupCommand === undefined) {
    return { example: undefined, about: 'none, because the recipe does not have a PreStartupCommand' };
  }
  if (!readsPeerData(recipe)) {
    return { example: undefined, about: `none, because no command for a peer reads any; ${howToGive}` };
  }
  const about = `an example, because heddle does not run PreStartupCommand to get the real data; ${howToGive}`;
  return { example: exampleData(backendData), about };
}

function parseData(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw new Failure('usage', `--data ${JSON.stringify(text)} is not JSON`, {
      hint: 'the recipe\'s backend data is an object: give one, such as \'{"Key":"value"}\'',
    });
  }
}
