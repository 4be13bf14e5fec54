import type { Checked } from '../../diagnostic/diagnostic.ts';
import { Findings } from '../../diagnostic/findings.ts';
import type { SourceText } from '../../diagnostic/source.ts';
import { checkNetworkConfiguration } from '../../network/check-configuration.ts';
import { openingBrace, parseJsonObject, type ObjectNode } from '../json/json-tree.ts';
import { backendKeys, defaultConcurrency, defaultTimeout, recipeKeys } from '../keys.ts';
import { findPrograms } from '../programs.ts';
import { readBackendData } from './read-backend-data.ts';
import { readCommands } from './read-commands.ts';
import { readKeys, refuseUnknownKeys, requireKeys, type LocatedNode } from './read-keys.ts';
import { readParameterValues } from './read-parameter-values.ts';
import { readParameters } from './read-parameters.ts';
import type { Recipe } from '../recipe.ts';

/**
 * Reads a recipe: a flannel network configuration, any of flannel's own among them. Everything that is wrong with it is
 * reported at once, each finding at its exact place.
 *
 * @param name the recipe's name: its file's, without `.json`
 */
export function parseRecipe(source: SourceText, name: string): Checked<Recipe> {
  const findings = new Findings(source);
  return findings.conclude(readRecipe(source, name, findings));
}

function readRecipe(source: SourceText, name: string, findings: Findings): Recipe | undefined {
  const root = parseJsonObject(source, findings);
  if (root === undefined) return undefined;
  const { values, given, others } = readKeys(root, recipeKeys, '', findings);
  requireKeys(given, recipeKeys, '', openingBrace(root), findings);
  refuseUnknownKeys(others, Object.keys(recipeKeys), '', findings, misplacedBackendKey);
  const network = checkNetworkConfiguration({ values, given, start: openingBrace(root) }, findings);
  if (values.Backend === undefined) return undefined;
  const backend = readBackend(values.Backend, source, findings);
  return network && backend && { name, source, network, ...backend };
}

/** Reads `Backend`, which holds all of a recipe that is not the network. */
function readBackend(
  { value: object, keySpan }: LocatedNode<ObjectNode>,
  source: SourceText,
  findings: Findings,
): Omit<Recipe, 'name' | 'source' | 'network'> | undefined {
  const read = readKeys(object, backendKeys, 'Backend', findings);
  requireKeys(read.given, backendKeys, 'Backend', keySpan, findings);
  const declared = readParameters(read.values.Parameters?.value, findings);
  const parameterValues = readParameterValues(read.others, declared, findings);
  const commands = readCommands(read, source, findings);
  const backendData = readBackendData(read.values.BackendData?.value, findings);
  const { Type, Overhead, Requires, Timeout, Concurrency } = read.values;
  if (Type === undefined) return undefined;
  return {
    backendType: Type.value,
    commands,
    parameters: declared.parameters,
    parameterValues,
    backendData,
    overhead: Overhead?.value,
    requires: Requires?.value ?? findPrograms(Object.values(commands)),
    timeout: Timeout?.value ?? defaultTimeout,
    concurrency: Concurrency?.value ?? defaultConcurrency,
  };
}

function misplacedBackendKey(key: string): string | undefined {
  return Object.hasOwn(backendKeys, key) ? `\`${key}\` belongs in \`Backend\`` : undefined;
}
