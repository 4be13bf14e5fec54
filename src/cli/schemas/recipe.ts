import * as z from 'zod/mini';
import { commandEventNames } from '../../contract/command-events.ts';
import type { RecipeExplanation } from '../../explain/explain-recipe.ts';
import { commandNames } from '../../recipe/recipe.ts';
import type { CheckReport } from '../recipe/run-recipe-check.ts';
import type { ListedRecipe } from '../recipe/run-recipe-list.ts';
import { naturalNumber, described, schemaOf } from './schema-of.ts';

const place = z.int().check(z.gte(1));

const finding = z.strictObject({
  severity: z.enum(['error', 'warning']),
  code: described(z.string(), 'docs/recipes.md explains each code.'),
  message: z.string(),
  hint: described(z.nullable(z.string()), 'What to do; null if the message says all.'),
  line: described(place, 'The first line of the place, from 1.'),
  column: described(place, 'The first column of the place in UTF-16 code units, from 1.'),
  endLine: place,
  endColumn: described(place, 'The column after the last character of the place.'),
});

const ofPeers = z.enum(['SubnetAddCommand', 'SubnetRemoveCommand']);
const compiling = z.discriminatedUnion('kind', [
  z.strictObject({ command: ofPeers, kind: z.literal('compiles') }),
  z.strictObject({
    command: ofPeers,
    kind: z.literal('shell'),
    line: described(place, 'The line of the recipe, from 1, that only a shell can follow.'),
    because: z.string(),
  }),
]);

/** The output of `heddle recipe check --json`. */
export const checkSchema = schemaOf<CheckReport>()(
  z.strictObject({
    errors: described(naturalNumber, 'The number of errors in all recipes.'),
    warnings: described(naturalNumber, 'The number of warnings in all recipes.'),
    recipes: z.array(
      z.strictObject({
        file: described(z.string(), 'The recipe as it was named on the command line.'),
        findings: described(z.array(finding), 'All findings, in the order of the text.'),
        compiling: described(
          z.array(compiling),
          'Whether the commands for a peer run without a shell; empty for a recipe with an error, or with a parameter that needs a value.',
        ),
      }),
    ),
  }),
);

/** The output of `heddle recipe list --json`. */
export const listSchema = schemaOf<readonly ListedRecipe[]>()(
  z.array(
    z.strictObject({
      name: z.string(),
      type: described(z.nullable(z.string()), 'The backend type; null if the recipe has an error.'),
      description: z.string(),
      file: z.string(),
    }),
  ),
);

const calls = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('calls'),
    calls: z.array(
      z.strictObject({
        program: z.string(),
        arguments: z.array(z.string()),
        line: described(place, 'The line of the script, from 1.'),
      }),
    ),
  }),
  z.strictObject({
    kind: z.literal('shell'),
    line: described(place, 'The first line of the script that only a shell can follow, from 1.'),
    because: described(z.string(), 'Why, as text for people.'),
  }),
]);

const run = z.strictObject({
  event: described(z.enum(commandEventNames), 'The name of the event, as `--event` takes it.'),
  command: z.enum(commandNames),
  shell: z.enum(['sh -c', 'sh -ec']),
  script: z.string(),
  environment: described(
    z.record(z.string(), z.string()),
    'The variables that heddle sets, without those that a command inherits. Values of secrets are hidden.',
  ),
  stdin: z.string(),
  calls: described(
    z.nullable(calls),
    'The programs that the command of a peer calls if each call succeeds; null for any other command.',
  ),
  cwd: z.string(),
  umask: z.literal('077'),
  timeoutSeconds: described(
    z.nullable(naturalNumber),
    'Null for a command that runs as long as the network is up.',
  ),
});

/** The output of `heddle recipe explain --json`. */
export const explainSchema = schemaOf<RecipeExplanation>()(
  z.strictObject({
    recipe: z.string(),
    type: z.string(),
    runs: described(z.array(run), 'The runs of commands, in the order of a node’s life.'),
    assumed: described(
      z.strictObject({ node: z.string(), peer: z.string(), data: z.string() }),
      'The node, the peer and its backend data that the runs are about, as text for people.',
    ),
  }),
);
