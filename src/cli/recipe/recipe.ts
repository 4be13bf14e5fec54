import { Option, type Command } from 'commander';
import { resolve } from 'node:path';
import { commandEventNames, type CommandEvent } from '../../contract/command-events.ts';
import { collect, parameterOption, stateDirectoryOption } from '../arguments/options.ts';
import { readParameterSources } from '../arguments/parameter-sources.ts';

interface ExplainFlags {
  readonly event?: CommandEvent;
  readonly subnet?: string;
  readonly publicIp?: string;
  readonly data?: readonly string[];
  readonly iface?: string;
  readonly param?: readonly string[];
  readonly stateDir: string;
  readonly json?: true;
}

const recipeArgument = 'a recipe file, or the name of a recipe (see heddle recipe list)';

/** `heddle recipe`: what authors of recipes need. What each verb does is loaded only when it is used. */
export function registerRecipe(program: Command): void {
  const recipe = program
    .command('recipe')
    .summary('write recipes: check, explain, list, new, schema')
    .description('Tools for authors of recipes. docs/recipes.md has a tutorial.');
  registerCheck(recipe);
  registerExplain(recipe);
  recipe
    .command('list')
    .summary('list the included recipes')
    .description('Lists the recipes that heddle finds by name, with their types.')
    .option('--json', 'print one JSON array')
    .action(async (flags: { json?: true }) => {
      const { listRecipes } = await import('./run-recipe-list.ts');
      listRecipes(flags.json ?? false);
    });
  recipe
    .command('new')
    .summary('create a recipe to start from, with a comment in each command')
    .description('Creates a recipe to start from, with a comment in each command. Never overwrites a file.')
    .argument('<name>', 'its name or its path; .json is added')
    .option('--type <type>', 'the backend type of its leases (default: its name)')
    .action(async (name: string, flags: { type?: string }) => {
      const { writeNewRecipe } = await import('./run-recipe-new.ts');
      await writeNewRecipe(name, flags.type);
    });
  recipe
    .command('schema')
    .summary('print the JSON Schema of recipes, for editors')
    .description('Prints the JSON Schema of recipes. Editors use it to complete and check keys.')
    .action(async () => {
      const { printRecipeSchema } = await import('./run-recipe-schema.ts');
      printRecipeSchema();
    });
}

function registerCheck(recipe: Command): void {
  recipe
    .command('check')
    .summary('find mistakes in recipes without running them')
    .description(
      'Finds mistakes in recipes without running them. Exits with 3 if there is an error, ' +
        'with 0 if there are only warnings. docs/recipes.md explains each code.',
    )
    .argument('<recipe...>', `${recipeArgument}; - is standard input`)
    .option('--json', 'print one JSON object')
    .action(async (recipes: readonly string[], flags: { json?: true }) => {
      const { checkRecipes } = await import('./run-recipe-check.ts');
      await checkRecipes(recipes, flags.json ?? false);
    });
}

function registerExplain(recipe: Command): void {
  recipe
    .command('explain')
    .summary('show exactly what would run, without running it')
    .description(
      'Shows exactly what would run, without running it: script, environment, standard input, directory, timeout. ' +
        'Values that you do not give are examples, and the output marks them.',
    )
    .argument('<recipe>', recipeArgument)
    .addOption(
      new Option(
        '--event <event>',
        'the event (default: every event that the recipe has a command for)',
      ).choices(commandEventNames),
    )
    .option(
      '--subnet <cidr>',
      "the lease's subnet: this node's for pre, post, monitor and shutdown, else a peer's",
    )
    .option('--public-ip <address>', "the lease's address; for two families give two, separated by a comma")
    .option('--data <text>', "the peer's backend data; repeat it for IPv6 data", collect)
    .option('--iface <name>', 'the interface')
    .addOption(parameterOption())
    .addOption(stateDirectoryOption())
    .option('--json', 'print one JSON object')
    .action(async (file: string, flags: ExplainFlags) => {
      const { explain } = await import('./run-recipe-explain.ts');
      const request = {
        recipe: file,
        event: flags.event,
        subnet: flags.subnet,
        publicIp: flags.publicIp,
        data: flags.data ?? [],
        iface: flags.iface,
        parameters: readParameterSources(flags.param ?? [], {}),
        stateDirectory: resolve(flags.stateDir),
      };
      await explain(request, flags.json ?? false);
    });
}
