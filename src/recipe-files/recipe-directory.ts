import { readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Failure } from '../diagnostic/failure.ts';
import { Findings } from '../diagnostic/findings.ts';
import { positionAt } from '../diagnostic/source.ts';
import { findDistrust } from '../host/files/trusted-file.ts';
import { explainError } from '../host/system-error.ts';
import { flannelTypeOf } from '../recipe/flannel/backend-types.ts';
import { parseJsonObject } from '../recipe/json/json-syntax.ts';
import type { ObjectNode } from '../recipe/json/json-tree.ts';
import { commandNames } from '../recipe/recipe.ts';
import { findNamedRecipe, isRecipeFile } from './catalogue.ts';
import { readRecipeText } from './recipe-text.ts';

/** A recipe of a directory, before it is checked. */
interface RecipeInDirectory {
  /** Its path. */
  readonly file: string;
  readonly text: string;
  /** Sentences about files of the directory that cannot be read, and so may be recipes of the same type. */
  readonly unread: readonly string[];
}

interface Candidate {
  readonly file: string;
  readonly text: string;
  readonly type: string;
}

interface Scan {
  readonly candidates: readonly Candidate[];
  readonly unread: readonly string[];
}

/**
 * Requires a directory that holds at least one recipe, and that nobody but root can write to, if root runs heddle. Throws a Failure of kind
 * `recipe`. A start calls it before the store tells which type is needed.
 */
export async function requireRecipeDirectory(directory: string): Promise<void> {
  const { candidates, unread } = await scan(directory);
  if (candidates.length === 0) throw noRecipe(directory, unread);
}

/**
 * Finds the recipe of a backend type among the recipes of a directory, such as a mounted ConfigMap. A document without a command is not a
 * recipe: flannel's ConfigMap also has the network configuration and the CNI configuration. Throws a Failure of kind `recipe` unless exactly
 * one recipe has the type.
 */
export async function findRecipeOfType(directory: string, backendType: string): Promise<RecipeInDirectory> {
  const { candidates, unread } = await scan(directory);
  const type = flannelTypeOf(backendType);
  const [found, ...others] = candidates.filter((each) => flannelTypeOf(each.type) === type);
  if (found === undefined) {
    if (candidates.length === 0) throw noRecipe(directory, unread);
    throw noRecipeOfType(directory, backendType, candidates, unread);
  }
  if (others.length > 0) {
    const names = [found, ...others].map(({ file }) => basename(file));
    const message = `${names.length} recipes in ${directory} have the type "${backendType}": ${names.join(', ')}`;
    throw new Failure('recipe', message, { hint: 'keep one of them' });
  }
  return { file: found.file, text: found.text, unread };
}

async function scan(directory: string): Promise<Scan> {
  const candidates: Candidate[] = [];
  const unread: string[] = [];
  for (const name of listFiles(directory)) {
    const file = join(directory, name);
    try {
      if (!statSync(file).isFile()) continue;
      const text = await readRecipeText(file);
      const type = readType(text, name);
      if (type !== undefined) candidates.push({ file, text, type });
    } catch (error) {
      unread.push(`${file} is not used, because it cannot be read: ${explainError(error)}`);
    }
  }
  return { candidates, unread };
}

/** The names of the files that may be recipes. A name with a dot in front is kubelet's, or an editor's. */
function listFiles(directory: string): readonly string[] {
  try {
    const distrust = findDistrust(directory);
    if (distrust !== undefined) {
      const { why, hint } = distrust;
      throw new Failure('recipe', `cannot run a recipe of ${directory} as root: ${why}`, {
        hint: `${hint}; or mount it read-only, as Kubernetes mounts a ConfigMap`,
      });
    }
    return readdirSync(directory)
      .filter((name) => isRecipeFile(name) && !name.startsWith('.'))
      .sort();
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure('recipe', `the recipes in ${directory} cannot be read: ${explainError(error)}`, {
      hint: 'mount the ConfigMap with the recipes there, or correct --recipe-dir',
      cause: error,
    });
  }
}

/** The backend type of a document, if it has commands. Throws an error for a document that is not JSON. */
function readType(text: string, name: string): string | undefined {
  const source = { name, text };
  const findings = new Findings(source);
  const root = parseJsonObject(source, findings, { repeatedKeys: 'kept' });
  const [first] = findings.list();
  if (root === undefined || first !== undefined) {
    const { line } = positionAt(text, first?.span.offset ?? 0);
    throw new Error(`line ${line}: ${first?.message ?? 'not JSON'}`);
  }
  const backend = valueOf(root, 'Backend');
  if (backend?.kind !== 'object') return undefined;
  if (!commandNames.some((command) => valueOf(backend, command) !== undefined)) return undefined;
  const type = valueOf(backend, 'Type');
  return type?.kind === 'scalar' && typeof type.value === 'string' ? type.value : undefined;
}

function valueOf({ members }: ObjectNode, name: string): ObjectNode['members'][number]['value'] | undefined {
  return members.find(({ key }) => key === name)?.value;
}

function noRecipe(directory: string, unread: readonly string[]): Failure {
  return new Failure('recipe', `${directory} does not have a recipe`, {
    hint: listHints(
      [`mount the ConfigMap with the recipes there: files that end in .json and have commands`],
      unread,
    ),
  });
}

function noRecipeOfType(
  directory: string,
  type: string,
  candidates: readonly Candidate[],
  unread: readonly string[],
): Failure {
  const there = candidates.map(({ file, type }) => `${basename(file)} ("${type}")`).join(', ');
  const included =
    findNamedRecipe(type) === undefined
      ? []
      : [`or remove --recipe-dir to run the recipe ${type} of this machine`];
  return new Failure(
    'recipe',
    `no recipe in ${directory} has the type "${type}" of the network configuration`,
    {
      hint: listHints([`there are: ${there}`, ...included], unread),
    },
  );
}

function listHints(hints: readonly string[], unread: readonly string[]): string {
  return [...hints, ...unread].join('; ');
}
