import type { Checked } from '../../diagnostic/diagnostic.ts';
import { Findings } from '../../diagnostic/findings.ts';
import type { SourceText } from '../../diagnostic/source.ts';
import type { Json } from '../json/json.ts';
import { checkNetworkConfiguration } from '../../network/check-configuration.ts';
import type { NetworkConfiguration } from '../../network/configuration.ts';
import { networkKeys } from '../../network/configuration-keys.ts';
import { openingBrace, parseJsonObject, toJson, type ObjectNode } from '../json/json-tree.ts';
import { backendKeys, recipeKeys } from '../keys.ts';
import { readKeys, requireKeys, type LocatedNode } from './read-keys.ts';
import { settleKeys } from './settle-keys.ts';
import { commandNames, type CommandName, type ParameterValue, type Recipe } from '../recipe.ts';

/** A network configuration found in a store. */
export interface StoredNetwork {
  readonly network: NetworkConfiguration;
  readonly backendType: string;
  /** The keys of `Backend` that heddle does not know itself: parameters, for the recipe to judge. */
  readonly parameterValues: Readonly<Record<string, Json>>;
  /** The commands that stand in the document: not run unless the operator trusts the store. */
  readonly commands: readonly CommandName[];
}

/** The backend type of a configuration without `Backend`, according to flannel's documentation. */
const documentedDefaultBackend = 'vxlan';

/**
 * Writes the network configuration that a recipe puts into a store which has none: flannel's keys as the recipe gives
 * them, its backend type, and the parameters that differ from their defaults. No command: those stay local.
 */
export function renderNetworkDocument(
  recipe: Recipe,
  values: Readonly<Record<string, ParameterValue>>,
): string {
  const given = networkMembers(recipe.source).map(({ key, value }) => [key, toJson(value)] as const);
  const set = recipe.parameters.flatMap(({ name, default: usual }) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    return value === undefined || value === usual ? [] : [[name, value] as const];
  });
  const document = {
    ...Object.fromEntries(given),
    Backend: { Type: recipe.backendType, ...Object.fromEntries(set) },
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

function networkMembers(source: SourceText): ObjectNode['members'] {
  const root = parseJsonObject(source, new Findings(source));
  return root?.members.filter(({ key }) => Object.hasOwn(networkKeys, key)) ?? [];
}

/**
 * Reads the network configuration of a store, as strictly as a recipe where flannel's own keys are concerned. `Backend`
 * may hold anything: what is neither its type nor a key that heddle knows counts as a parameter.
 */
export function parseNetworkDocument(source: SourceText): Checked<StoredNetwork> {
  const findings = new Findings(source);
  return findings.conclude(readNetworkDocument(source, findings));
}

function readNetworkDocument(source: SourceText, findings: Findings): StoredNetwork | undefined {
  const root = parseJsonObject(source, findings);
  if (root === undefined) return undefined;
  const known = { names: Object.keys(recipeKeys), path: '' };
  const { values, given } = readKeys(settleKeys(root, known, findings).object, recipeKeys, '', findings);
  const start = openingBrace(root);
  const network = checkNetworkConfiguration({ values, given, start }, findings);
  if (!given.has('Backend')) {
    const message = `\`Backend\` is missing: heddle uses ${documentedDefaultBackend}, as flannel documents`;
    const hint = `add \`"Backend": { "Type": "${documentedDefaultBackend}" }\`: flanneld itself would use udp`;
    findings.warning('default-backend', start, message, hint);
  }
  const backend = given.has('Backend')
    ? values.Backend && readStoredBackend(values.Backend, findings)
    : { backendType: documentedDefaultBackend, parameterValues: {}, commands: [] };
  return network && backend && { network, ...backend };
}

function readStoredBackend(
  { value: object, keySpan }: LocatedNode<ObjectNode>,
  findings: Findings,
): Omit<StoredNetwork, 'network'> | undefined {
  const { Type } = backendKeys;
  const { values, given } = readKeys(object, { Type }, 'Backend', findings);
  requireKeys(given, { Type }, 'Backend', keySpan, findings);
  const parameters = object.members.filter(({ key }) => !Object.hasOwn(backendKeys, key));
  // Which of them is a secret only the recipe knows, and nothing here is said about any of them.
  for (const { value } of parameters) findings.redact(value.span);
  return (
    values.Type && {
      backendType: values.Type.value,
      parameterValues: Object.fromEntries(parameters.map(({ key, value }) => [key, toJson(value)])),
      commands: commandNames.filter((name) => given.has(name)),
    }
  );
}
