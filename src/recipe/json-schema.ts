import * as z from 'zod/mini';
import type { Json } from './json/json.ts';
import { recipeKeys } from './keys.ts';

/**
 * The JSON Schema of recipes (draft 2020-12), for editors. It comes from the table that recipes are checked by; what a
 * schema cannot say — how values fit each other — `heddle recipe check` does.
 */
export function recipeJsonSchema(): Readonly<Record<string, Json>> {
  const schema = z.toJSONSchema(z.strictObject(recipeKeys), { target: 'draft-2020-12', io: 'input' });
  const described = {
    title: 'heddle recipe',
    description: 'A flannel network configuration. Its Backend has the commands that create the overlay.',
    ...schema,
  };
  // Through text: what zod returns carries more than JSON.
  return JSON.parse(JSON.stringify(described)) as Record<string, Json>;
}

/** The schema as a file: `recipes/recipe.schema.json`. */
export function renderRecipeSchema(): string {
  return `${JSON.stringify(recipeJsonSchema(), undefined, 2)}\n`;
}
