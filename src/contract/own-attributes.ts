import { Failure } from '../diagnostic/failure.ts';
import type { LeaseAttributes } from '../lease/lease.ts';
import { readOwnData } from './own-data.ts';
import { publishedTypeOf } from '../recipe/flannel/backend-types.ts';
import type { Recipe } from '../recipe/recipe.ts';
import type { NodeFacts } from './environment.ts';

/**
 * The attributes of this node's lease, from the output of PreStartupCommand. Throws a Failure if that output is not
 * valid.
 */
export function ownAttributes(recipe: Recipe, facts: NodeFacts, stdout: string): LeaseAttributes {
  const read = readOwnData(stdout, recipe.backendData, facts.network);
  if (read.kind === 'invalid') {
    throw new Failure(
      'command',
      `PreStartupCommand of ${recipe.source.name} printed backend data that other nodes would reject: ${read.because}`,
      { hint: "correct the command, or the recipe's BackendData; print messages for people on stderr" },
    );
  }
  return {
    publicIp: facts.publicIp,
    publicIpv6: facts.publicIpv6,
    backendType: publishedTypeOf(recipe.backendType),
    backendData: read.data.ipv4,
    backendV6Data: read.data.ipv6,
  };
}
