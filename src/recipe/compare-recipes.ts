import type { NetworkConfiguration } from '../network/configuration.ts';
import { formatCidr } from '../network/cidr.ts';
import { mapFamilies } from '../network/per-family.ts';
import {
  commandNames,
  type BackendDataFormat,
  type Command,
  type CommandName,
  type ParameterValue,
  type Recipe,
} from './recipe.ts';

/** A recipe together with what is settled outside of it. */
export interface SettledRecipe {
  readonly recipe: Recipe;
  readonly network: NetworkConfiguration;
  readonly parameterValues: Readonly<Record<string, ParameterValue>>;
}

/**
 * The least that makes a node which runs one recipe run another, from little to much:
 *
 * - `nothing`: both do the same
 * - `swap`: what looks after the network is another; nothing in the kernel is
 * - `peers`: each peer is removed by the old recipe and added by the new one
 * - `node`: the network is taken down by the old recipe and brought up by the new one
 */
export type RecipeStep =
  | { readonly kind: 'nothing' }
  /** `because` is a clause: `SubnetAddCommand changed`. */
  | { readonly kind: 'swap' | 'peers' | 'node'; readonly because: string };

/** How many changed keys are named. */
const mostNames = 4;

type Reach = 'swap' | 'peers' | 'node';

const commandReach: Readonly<Record<CommandName, Reach>> = {
  PreStartupCommand: 'node',
  PostStartupCommand: 'node',
  ShutdownCommand: 'node',
  SubnetAddCommand: 'peers',
  SubnetRemoveCommand: 'peers',
  SubnetBatchCommand: 'peers',
  CheckCommand: 'swap',
  MonitorCommand: 'swap',
};

/** Something of a recipe: what it is called, how far a change of it reaches, and a text by which it is compared. */
interface Aspect {
  readonly name: string;
  readonly reach: Reach;
  /** Undefined where a recipe does not have it. */
  readonly read: (settled: SettledRecipe) => string | undefined;
}

function describeOverhead({ overhead }: Recipe): string | undefined {
  return overhead && `${overhead.ipv4} ${overhead.ipv6}`;
}

const aspects: readonly Aspect[] = [
  { name: 'the network', reach: 'node', read: ({ network }) => describeNetwork(network) },
  { name: 'Type', reach: 'node', read: ({ recipe }) => recipe.backendType },
  { name: 'Overhead', reach: 'node', read: ({ recipe }) => describeOverhead(recipe) },
  { name: 'BackendData', reach: 'node', read: ({ recipe }) => describeData(recipe.backendData) },
  // Every command is given them.
  { name: 'a value of Parameters', reach: 'node', read: describeValues },
  { name: 'Environment', reach: 'node', read: ({ recipe }) => recipe.environment.toSorted().join(' ') },
  ...commandNames.map((name): Aspect => ({
    name,
    reach: commandReach[name],
    read: ({ recipe }) => describeCommand(recipe.commands[name]),
  })),
  { name: 'Parameters', reach: 'swap', read: ({ recipe }) => describeParameters(recipe) },
  { name: 'Timeout', reach: 'swap', read: ({ recipe }) => String(recipe.timeout) },
  { name: 'Concurrency', reach: 'swap', read: ({ recipe }) => String(recipe.concurrency) },
];

/** Decides how a node gets from one recipe to another. */
export function compareRecipes(before: SettledRecipe, after: SettledRecipe): RecipeStep {
  const changed = aspects.filter(({ read }) => read(before) !== read(after));
  if (changed.length === 0) return { kind: 'nothing' };
  const because = describeChanges(changed.map((aspect) => describeChange(aspect, before, after)));
  if (changed.some(({ reach }) => reach === 'node')) return { kind: 'node', because };
  if (!changed.some(({ reach }) => reach === 'peers')) return { kind: 'swap', because };
  const { SubnetAddCommand: add, SubnetRemoveCommand: remove } = before.recipe.commands;
  if (add === undefined || remove !== undefined) return { kind: 'peers', because };
  return { kind: 'node', because: `${because}, but the old recipe could not undo its SubnetAddCommand` };
}

interface Change {
  readonly name: string;
  readonly how: 'is new' | 'is gone' | 'changed';
}

function describeChange({ name, read }: Aspect, before: SettledRecipe, after: SettledRecipe): Change {
  if (read(before) === undefined) return { name, how: 'is new' };
  return { name, how: read(after) === undefined ? 'is gone' : 'changed' };
}

/** `SubnetAddCommand and Timeout changed, CheckCommand is new`. */
function describeChanges(changes: readonly Change[]): string {
  const ways = ['changed', 'is new', 'is gone'] as const;
  const clauses = ways.flatMap((way) => {
    const names = changes.filter(({ how }) => how === way).map(({ name }) => name);
    const shown = names.length <= mostNames ? names : names.slice(0, mostNames - 1);
    const rest = names.length - shown.length;
    const [last, ...others] = [...shown, ...(rest > 0 ? [`${rest} more`] : [])].toReversed();
    if (last === undefined) return [];
    if (others.length === 0) return [`${last} ${way}`];
    return [`${others.toReversed().join(', ')} and ${last} ${way.replace('is', 'are')}`];
  });
  return clauses.join(', ');
}

function describeCommand(command: Command | undefined): string | undefined {
  return command && JSON.stringify([command.form, ...command.lines.map(({ text }) => text)]);
}

function describeNetwork(configuration: NetworkConfiguration): string {
  const ranges = mapFamilies(configuration, ({ network, subnetLength, subnetMin, subnetMax }) => [
    ...[formatCidr(network), subnetLength],
    ...[String(subnetMin.value), String(subnetMax.value)],
  ]);
  return JSON.stringify([ranges, configuration.enableNftables]);
}

function describeData(format: BackendDataFormat): string {
  if (format.format === 'text') return `text ${String(format.pattern)}`;
  return JSON.stringify(format.fields.map(({ name, pattern }) => [name, String(pattern)]));
}

function describeValues({ recipe, parameterValues }: SettledRecipe): string {
  const values = recipe.parameters.map(({ name, variable }) => [variable, parameterValues[name]] as const);
  return JSON.stringify(values.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function describeParameters({ parameters }: Recipe): string {
  return JSON.stringify(
    parameters.map((parameter) => ({ ...parameter, pattern: String(parameter.pattern) })),
  );
}
