import { Failure } from '../../diagnostic/failure.ts';
import { commandText } from '../../recipe/command-text.ts';
import { parseRecipe } from '../../recipe/read/parse-recipe.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import { familiesOf, withFamilies } from './family-variants.ts';
import type { FamilyChoice } from './request.ts';

/** The families in which a lab can run a recipe; those that are wanted, if any are. Throws a {@link Failure} if the recipe lacks one of them. */
export function chooseFamilies(recipe: Recipe, wanted: readonly FamilyChoice[]): readonly FamilyChoice[] {
  const commands = Object.values(recipe.commands).map(commandText).join('\n');
  const has = familiesOf({ network: recipe.network, commands });
  const missing = wanted.find((each) => !has.includes(each));
  if (missing !== undefined) {
    throw new Failure('usage', `the recipe ${recipe.name} does not have ${describeFamilies(missing)}`, {
      hint: `it has ${has.map(describeFamilies).join(', ')}, because its commands do not read the variables of another family`,
    });
  }
  return wanted.length === 0 ? has : wanted;
}

/** The recipe with the given families in place of those of its document. Throws a {@link Failure} if it cannot have them. */
export function recipeWithFamilies(recipe: Recipe, families: FamilyChoice): Recipe {
  chooseFamilies(recipe, [families]);
  const text = withFamilies(recipe.source.text, recipe.network, families);
  const read = parseRecipe({ name: recipe.source.name, text }, recipe.name);
  if (read.kind === 'valid') return read.value;
  const [first] = read.diagnostics;
  throw new Failure(
    'recipe',
    `the recipe ${recipe.name} with ${describeFamilies(families)} is invalid: ${first?.message ?? ''}`,
    { hint: 'choose another --family' },
  );
}

function describeFamilies(families: FamilyChoice): string {
  return families === 'dual' ? 'both families at once' : families;
}
