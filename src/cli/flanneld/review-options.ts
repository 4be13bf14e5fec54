import { nearestName } from '../../diagnostic/nearest.ts';
import type { GivenFlanneldOption } from './given-options.ts';
import { flanneldOptions, variableOf } from './options.ts';

/**
 * The warnings about options of flanneld that do not have their effect here.
 *
 * @param store the kind of store that is used
 */
export function reviewFlanneldOptions(
  given: readonly GivenFlanneldOption[],
  store: string,
): readonly string[] {
  return given.flatMap(({ row: { meaning }, origin }) => {
    switch (meaning.kind) {
      case 'same':
        return [];
      case 'of-store':
        return meaning.store === store ? [] : [`${origin} has no effect: ${meaning.why}`];
      case 'without-effect':
        return [`${origin} has no effect: ${meaning.why}`];
    }
  });
}

/** Names of variables that Kubernetes makes for a service with the name flanneld. */
const ofServices = /^FLANNELD_(?:SERVICE_|PORT(?:_|$))/;

/** The warnings about variables that look like flanneld's and are not. flanneld ignores them. */
export function reviewFlanneldVariables(
  environment: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  const known = flanneldOptions.map(variableOf);
  return Object.keys(environment).flatMap((name) => {
    if (!name.startsWith('FLANNELD_') || known.includes(name) || ofServices.test(name)) return [];
    const nearest = nearestName(name, known);
    const suggestion = nearest === undefined ? '' : `; did you mean ${nearest}?`;
    return [`the variable ${name} has no effect: flanneld does not have an option of this name${suggestion}`];
  });
}
