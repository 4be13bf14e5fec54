import type { CheckResult } from '../../diagnostic/diagnostic.ts';
import { Findings } from '../../diagnostic/findings.ts';
import type { SourceText } from '../../diagnostic/source.ts';
import { checkNetworkConfiguration } from '../../network/check-configuration.ts';
import { parseJsonObject } from '../json/json-syntax.ts';
import { openingBrace, type JsonMember, type JsonNode, type ObjectNode } from '../json/json-tree.ts';
import { describeUnpassable } from '../inherited-variables.ts';
import { backendKeys, defaultConcurrency, defaultTimeout, recipeKeys } from '../keys.ts';
import type { RecipeOutline } from '../outline.ts';
import { findPrograms } from '../programs.ts';
import { outlineRecipe } from './outline-recipe.ts';
import { readBackendData } from './read-backend-data.ts';
import { readCommands } from './read-commands.ts';
import { readKeys, requireKeys, type LocatedNode } from './read-keys.ts';
import { readOverhead } from './read-overhead.ts';
import { readParameterValues } from './read-parameter-values.ts';
import { readParameters } from './read-parameters.ts';
import { settleDocument } from './settle-document.ts';
import type { Recipe } from '../recipe.ts';

/**
 * The result of reading a recipe.
 *
 * The recipe may be used only if none of the findings is an error; the outline may always be used. Both are undefined
 * if nothing could be read, which is an error.
 */
interface RecipeReading {
  readonly recipe: Recipe | undefined;
  readonly outline: RecipeOutline | undefined;
  /** The findings about the document; further checks of the recipe add to them. */
  readonly findings: Findings;
}

/**
 * Reads a recipe: a flannel network configuration, any of flannel's own among them. Everything that is wrong with its
 * document is reported at once, each finding at its exact place.
 *
 * @param name the recipe's name: its file's, without `.json`
 */
export function parseRecipe(source: SourceText, name: string): CheckResult<Recipe> {
  const { recipe, findings } = readRecipe(source, name);
  return findings.conclude(recipe);
}

/** Does the same as {@link parseRecipe}, and also returns the understood parts of a refused recipe. */
export function readRecipe(source: SourceText, name: string): RecipeReading {
  const findings = new Findings(source);
  const document = parseJsonObject(source, findings, { openEnd: 'kept' });
  if (document === undefined) return { recipe: undefined, outline: undefined, findings };
  const { root, undeclared } = settleDocument(document, findings);
  const start = openingBrace(root);
  const { values, given } = readKeys(root, recipeKeys, '', findings);
  requireKeys(given, recipeKeys, '', start, findings);
  const network = checkNetworkConfiguration({ values, given, start }, findings);
  if (values.Backend === undefined) return { recipe: undefined, outline: undefined, findings };
  const { backend, outline } = readBackend(values.Backend, undeclared, source, findings);
  return { recipe: network && backend && { name, source, network, ...backend }, outline, findings };
}

/** Reads `Backend`, which holds all of a recipe that is not the network. */
function readBackend(
  { value: object, keySpan }: LocatedNode<ObjectNode>,
  undeclared: readonly JsonMember[],
  source: SourceText,
  findings: Findings,
): {
  readonly backend: Omit<Recipe, 'name' | 'source' | 'network'> | undefined;
  readonly outline: RecipeOutline;
} {
  const read = readKeys(object, backendKeys, 'Backend', findings);
  requireKeys(read.given, backendKeys, 'Backend', keySpan, findings);
  const declared = readParameters(read.values.Parameters?.value, findings);
  const parameterValues = readParameterValues(object.members, declared, findings);
  // Without the declarations nobody can tell which of the values are secrets.
  if (read.given.has('Parameters') && read.values.Parameters === undefined) {
    for (const { value } of undeclared) findings.redact(value.span);
  }
  const commands = readCommands(read, object.members, source, findings);
  const backendDataMember = object.members.find(({ key }) => key === 'BackendData');
  const backendData = readBackendData(backendDataMember, findings);
  const outline = outlineRecipe({
    source,
    object,
    commands,
    declared,
    undeclared,
    fields: backendData.fields,
  });
  refuseVariables(read.values.Environment?.node, findings);
  const { Type, Overhead, Environment, Requires, Timeout, Concurrency } = read.values;
  if (Type === undefined) return { backend: undefined, outline };
  const backend = {
    backendType: Type.value,
    commands,
    parameters: declared.parameters,
    parameterValues,
    backendData: backendData.format,
    overhead: Overhead && readOverhead(Overhead.node, findings),
    environment: Environment?.value ?? [],
    requires: Requires?.value ?? findPrograms(Object.values(commands)),
    timeout: Timeout?.value ?? defaultTimeout,
    concurrency: Concurrency?.value ?? defaultConcurrency,
  };
  return { backend, outline };
}

/** Reports the variables that `Environment` names but a command cannot be given. */
function refuseVariables(node: JsonNode | undefined, findings: Findings): void {
  if (node?.kind !== 'array') return;
  for (const item of node.items) {
    if (item.kind !== 'scalar' || typeof item.value !== 'string') continue;
    const why = describeUnpassable(item.value);
    if (why === undefined) continue;
    const message = `\`Backend.Environment\` names \`${item.value}\`, which ${why}`;
    findings.error('reserved-name', item.span, message, 'remove this name');
  }
}
