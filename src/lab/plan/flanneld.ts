import { Failure } from '../../diagnostic/failure.ts';
import { flannelKeysOf } from '../../recipe/flannel/backend-types.ts';
import type { Recipe } from '../../recipe/recipe.ts';

/** The flanneld of a lab, and the nodes that run it at first. */
export interface FlanneldPlan {
  /** The absolute path of the program. */
  readonly path: string;
  readonly nodes: readonly string[];
  /** The options that choose the store. */
  readonly options: readonly string[];
}

/** Refuses a recipe whose network flanneld cannot bring up by itself. Throws a {@link Failure}. */
export function requireFlannelBackend({ name, backendType }: Pick<Recipe, 'name' | 'backendType'>): void {
  if (flannelKeysOf(backendType) !== undefined && backendType !== 'extension') return;
  throw new Failure(
    'recipe',
    `flanneld cannot run the recipe ${name}: it does not have a backend of its own for the type ${backendType}`,
    { hint: 'choose a recipe of one of its types, such as vxlan, host-gw or wireguard' },
  );
}
