import { nearestName } from '../../diagnostic/nearest.ts';
import { Failure } from '../../diagnostic/failure.ts';
import type { GivenFlanneldOption } from './given-options.ts';
import { flanneldOptions, variableOf } from './options.ts';

/**
 * The warnings about options of flanneld that do not have their effect here. Throws a {@link Failure} of kind `usage` for an option that
 * the operator relies on for the whole network.
 */
export function reviewFlanneldOptions(given: readonly GivenFlanneldOption[]): readonly string[] {
  return given.flatMap(({ row: { meaning }, origin, value }) => {
    switch (meaning.kind) {
      case 'same':
        return [];
      case 'without-effect':
        return [`${origin} has no effect: ${meaning.why}`];
      case 'missing':
        if (meaning.harmless !== undefined && String(value) === meaning.harmless) return [];
        if (meaning.outcome === 'warning') return [`${origin} is not done: ${meaning.why}`];
        throw new Failure('usage', `${origin} cannot be used: ${meaning.why}`, {
          hint: `remove ${origin}, and give the members of etcd with --etcd-endpoints`,
        });
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
