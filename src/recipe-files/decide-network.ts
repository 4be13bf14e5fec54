import type { Diagnostic } from '../diagnostic/diagnostic.ts';
import { Failure } from '../diagnostic/failure.ts';
import type { SourceText } from '../diagnostic/source.ts';
import type { NetworkConfiguration } from '../network/configuration.ts';
import { flannelTypeOf } from '../recipe/flannel/backend-types.ts';
import type { Json } from '../recipe/json/json.ts';
import { resolveParameters, type ParameterOverride } from '../recipe/parameters.ts';
import { parseNetworkDocument, renderNetworkDocument } from '../recipe/read/network-document.ts';
import type { ParameterValue, Recipe } from '../recipe/recipe.ts';
import { refuseRecipe } from './refuse-recipe.ts';

/** The network of this node, and where it was configured. */
export interface NetworkDecision {
  readonly configuration: NetworkConfiguration;
  readonly parameterValues: Readonly<Record<string, ParameterValue>>;
  /** The document; it stands in the store already, or is to be written there. */
  readonly document: SourceText;
  readonly isInStore: boolean;
  /** This daemon wrote the document there. */
  readonly isPublishedHere: boolean;
  /** The warnings about the store's document. */
  readonly warnings: readonly Diagnostic[];
}

/** The store's document decides where there is one; the recipe's own is what the first node writes. */
export function decideNetwork(
  recipe: Recipe,
  overrides: readonly ParameterOverride[],
  stored: SourceText | undefined,
): NetworkDecision {
  if (stored === undefined) {
    const parameterValues = settleParameters(recipe, {}, overrides);
    const document = { name: 'the recipe', text: renderNetworkDocument(recipe, parameterValues) };
    return {
      configuration: recipe.network,
      parameterValues,
      document,
      isInStore: false,
      isPublishedHere: false,
      warnings: [],
    };
  }
  const declared = recipe.parameters.map(({ name }) => name);
  const checked = parseNetworkDocument(stored, declared);
  if (checked.kind === 'invalid') throw refuseRecipe(stored, checked.diagnostics);
  const { network, backendType, parameterValues } = checked.value;
  if (backendType !== flannelTypeOf(recipe.backendType)) {
    throw new Failure(
      'recipe',
      `the recipe ${recipe.source.name} is of type "${recipe.backendType}", but the network in ${stored.name} is of type "${backendType}"`,
      { hint: `give --recipe a recipe of type "${backendType}", or use another store` },
    );
  }
  return {
    configuration: network,
    parameterValues: settleParameters(recipe, parameterValues, overrides),
    document: stored,
    isInStore: true,
    isPublishedHere: false,
    warnings: checked.warnings,
  };
}

function settleParameters(
  recipe: Recipe,
  stored: Readonly<Record<string, Json>>,
  overrides: readonly ParameterOverride[],
): Readonly<Record<string, ParameterValue>> {
  const resolved = resolveParameters(recipe, stored, overrides);
  if (resolved.kind === 'valid') return resolved.values;
  const { problems } = resolved;
  const [first] = problems;
  if (first !== undefined && problems.length === 1) {
    throw new Failure('recipe', first.message, { hint: first.hint });
  }
  const lines = problems.map(({ message, hint }) => `  ${message}${hint === undefined ? '' : ` (${hint})`}`);
  throw new Failure('recipe', `${problems.length} parameters of recipe ${recipe.name} were refused`, {
    detail: lines.join('\n'),
  });
}
