import { renderRecipeSchema } from '../../recipe/json-schema.ts';

/** Prints the JSON Schema of recipes. */
export function printRecipeSchema(): void {
  process.stdout.write(renderRecipeSchema());
}
