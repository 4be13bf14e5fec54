import { basename, dirname, isAbsolute, join } from 'node:path';
import { Failure } from '../../diagnostic/failure.ts';
import { namesInFolder, packageFile } from '../../host/files/package-files.ts';
import { explainError } from '../../host/system-error.ts';
import { loadRecipe } from '../../recipe-files/load-recipe.ts';
import { readRecipeText } from '../../recipe-files/recipe-text.ts';
import { refuseRecipe } from '../../recipe-files/refuse-recipe.ts';
import type { ParameterOverride } from '../../recipe/parameters.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import type { TopologyModel } from '../plan/underlay/model.ts';
import { readTopology } from '../plan/underlay/read-topology.ts';

/** A topology file that was read and checked. */
export interface LoadedTopology {
  /** The file as it was named on the command line: a path, or the name of an example. */
  readonly file: string;
  readonly model: TopologyModel;
  /** The settings of single nodes, by the node's name. */
  readonly settings: Readonly<Record<string, NodeRequest>>;
}

interface NodeRequest {
  /** The recipe and its absolute path; undefined for the recipe of the lab. */
  readonly recipe: { readonly file: string; readonly recipe: Recipe } | undefined;
  readonly parameters: readonly ParameterOverride[];
}

/**
 * Reads and checks a topology file, and the recipes that it names. Throws a {@link Failure}.
 *
 * @param file a path, or the name of an example that comes with heddle
 */
export async function loadTopology(file: string): Promise<LoadedTopology> {
  const path = exampleNames().includes(file) ? `${exampleFolder}${file}.json` : file;
  let text: string;
  try {
    text = await readRecipeText(path);
  } catch (error) {
    throw new Failure('recipe', `the topology ${file} cannot be read: ${explainError(error)}`, {
      hint: `give the path of a topology file, or the name of an example: ${exampleNames().join(', ')}`,
      cause: error,
    });
  }
  const source = { name: file, text };
  const read = readTopology(source);
  if (read.kind === 'invalid') throw refuseRecipe(source, read.diagnostics);
  const settings = await Promise.all(
    read.value.nodes.map(async ({ name, recipe, parameters }) => {
      const loaded = recipe === undefined ? undefined : await loadRecipe(placeOf(recipe, path));
      const overrides = Object.entries(parameters).map(([parameter, value]) => ({
        name: parameter,
        text: value,
        origin: `from ${file}, node ${name}`,
      }));
      return [name, { recipe: loaded, parameters: overrides }] as const;
    }),
  );
  return { file, model: read.value, settings: Object.fromEntries(settings) };
}

/** The folder of the examples. A package may leave it out. */
const exampleFolder = packageFile('docs/topologies/');

/** The names of the examples that come with heddle, sorted. */
function exampleNames(): readonly string[] {
  return namesInFolder(exampleFolder)
    .filter((file) => file.endsWith('.json') && !file.endsWith('.schema.json'))
    .map((file) => basename(file, '.json'))
    .sort();
}

/** The name of a shipped recipe, or a path that is relative to the directory of the topology file. */
function placeOf(recipe: string, file: string): string {
  return isAbsolute(recipe) || !/[/.]/.test(recipe) ? recipe : join(dirname(file), recipe);
}
