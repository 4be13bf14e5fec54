import type { CheckResult, Diagnostic } from '../../diagnostic/diagnostic.ts';
import { Findings } from '../../diagnostic/findings.ts';
import type { SourceText } from '../../diagnostic/source.ts';
import type { Json } from '../json/json.ts';
import { checkNetworkConfiguration } from '../../network/check-configuration.ts';
import type { NetworkConfiguration } from '../../network/configuration.ts';
import { networkKeys } from '../../network/configuration-keys.ts';
import { parseJsonObject } from '../json/json-syntax.ts';
import { openingBrace, toJson, type ObjectNode } from '../json/json-tree.ts';
import { backendKeys, recipeKeys } from '../keys.ts';
import { readKeys, requireKeys, type LocatedNode } from './read-keys.ts';
import { libertyCodes, understandDocument } from '../flannel/understand-document.ts';
import { commandNames, type CommandName, type ParameterValue, type Recipe } from '../recipe.ts';

/** A network configuration found in a store. */
export interface StoredNetwork {
  readonly network: NetworkConfiguration;
  readonly backendType: string;
  /** The keys of `Backend` that heddle does not know itself: parameters, for the recipe to judge. */
  readonly parameterValues: Readonly<Record<string, Json>>;
  /** The commands that stand in the document: not run unless the operator trusts the store. */
  readonly commands: readonly CommandName[];
  /** The whole document as it was understood: each key once and in its own case, without what has no effect. */
  readonly understood: Json;
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
  // The text of a recipe is an object in strict JSON without a repeated key: parseRecipe refuses any other.
  const written = JSON.parse(recipe.source.text) as Readonly<Record<string, Json>>;
  const given = Object.entries(written).filter(([key]) => Object.hasOwn(networkKeys, key));
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

/**
 * Reads the network configuration of a store as flannel reads it: see {@link understandDocument}. What flannel refuses is
 * refused. `Backend` may hold anything: what is neither its type nor a key that heddle knows counts as a parameter.
 *
 * @param declared the parameters of the recipe that is to run, if it is known: other keys of flannel's backends are
 *   passed over
 */
export function parseNetworkDocument(
  source: SourceText,
  declared?: readonly string[],
): CheckResult<StoredNetwork> {
  const findings = new Findings(source);
  return findings.conclude(readNetworkDocument(source, declared, findings));
}

/**
 * The text of a recipe for a network configuration with commands: the document itself, or the document as it was
 * understood where that differs.
 */
export function recipeTextOf(
  source: SourceText,
  { value, warnings }: Extract<CheckResult<StoredNetwork>, { kind: 'valid' }>,
): SourceText {
  if (!warnings.some(isLiberty)) return source;
  return { name: source.name, text: `${JSON.stringify(value.understood, undefined, 2)}\n` };
}

/** Whether a finding is about something that flannel reads in another way than it is written. */
function isLiberty({ code }: Diagnostic): boolean {
  return libertyCodes.some((liberty) => liberty === code);
}

function readNetworkDocument(
  source: SourceText,
  declared: readonly string[] | undefined,
  findings: Findings,
): StoredNetwork | undefined {
  const written = parseJsonObject(source, findings, { repeatedKeys: 'kept' });
  if (written === undefined) return undefined;
  const root = understandDocument(written, source, declared, findings);
  const { values, given } = readKeys(root, recipeKeys, '', findings);
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
  return network && backend && { network, ...backend, understood: toJson(root) };
}

function readStoredBackend(
  { value: object, keySpan }: LocatedNode<ObjectNode>,
  findings: Findings,
): Omit<StoredNetwork, 'network' | 'understood'> | undefined {
  const { Type } = backendKeys;
  const { values, given } = readKeys(object, { Type }, 'Backend', findings);
  requireKeys(given, { Type }, 'Backend', keySpan, findings);
  const parameters = object.members.filter(({ key }) => !Object.hasOwn(backendKeys, key));
  return (
    values.Type && {
      backendType: values.Type.value,
      parameterValues: Object.fromEntries(parameters.map(({ key, value }) => [key, toJson(value)])),
      commands: commandNames.filter((name) => given.has(name)),
    }
  );
}
