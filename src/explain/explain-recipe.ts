import { Failure } from '../diagnostic/failure.ts';
import { commandVariables, isPeerCommand, type NodeFacts } from '../contract/environment.ts';
import type { LeaseSubnets, Peer } from '../lease/lease.ts';
import { formatPeerLine } from '../contract/peer-line.ts';
import { commandText } from '../recipe/command-text.ts';
import { commandOfEvent, commandEventNames, type CommandEvent } from '../contract/command-events.ts';
import { readsPeerLines } from '../recipe/contract-variables.ts';
import { overlayMtus } from '../contract/mtu.ts';
import type { CommandName, Recipe } from '../recipe/recipe.ts';
import { explainCalls, type ExplainedCalls } from './explain-calls.ts';
import { describeInvented, inventLeases, type LeaseRequest } from './invent-leases.ts';
import type { ParameterOverride } from '../recipe/parameters.ts';
import { loadRecipe } from '../recipe-files/load-recipe.ts';
import { decideNetwork } from '../recipe-files/decide-network.ts';

/** The event to explain, and its lease. */
export interface ExplainRequest extends EventRequest {
  /** A path, or a recipe's name. */
  readonly recipe: string;
}

interface EventRequest extends LeaseRequest {
  readonly iface: string | undefined;
  readonly parameters: readonly ParameterOverride[];
  readonly stateDirectory: string;
}

/** One run of a command, everything it would be given spelled out; values of secret parameters are not. */
export interface PlannedRun {
  readonly event: CommandEvent;
  readonly command: CommandName;
  readonly shell: 'sh -c' | 'sh -ec';
  readonly script: string;
  /** The variables that heddle sets, sorted by name. Everything else is inherited from the daemon. */
  readonly environment: Readonly<Record<string, string>>;
  readonly stdin: string;
  /** The calls of programs, if this is the command of a peer; null for any other command. */
  readonly calls: ExplainedCalls | null;
  readonly cwd: string;
  readonly umask: '077';
  /** Null for a command that may run for as long as the network is up. */
  readonly timeoutSeconds: number | null;
}

export interface RecipeExplanation {
  readonly recipe: string;
  readonly type: string;
  readonly runs: readonly PlannedRun[];
  /** The node and the peer of the runs. Values that the author did not give are examples. */
  readonly assumed: { readonly node: string; readonly peer: string; readonly data: string };
}

/** Stands for the value of a secret parameter, as in every log. */
export const hiddenSecret = '‹secret›';

const exampleIface = { name: 'eth0', mtu: 1500 };

/** Tells exactly what would run, by the code that decides it for a node. Runs nothing. Throws a {@link Failure}. */
export async function explainRecipe(request: ExplainRequest): Promise<RecipeExplanation> {
  const { recipe } = await loadRecipe(request.recipe);
  return explainEvents(recipe, request);
}

/** Explains the events of a loaded recipe as {@link explainRecipe} does. */
export function explainEvents(recipe: Recipe, request: EventRequest): RecipeExplanation {
  const { configuration, parameterValues } = decideNetwork(recipe, request.parameters, undefined);
  const events = chooseEvents(recipe, request.event);
  const { own, other, peer, aboutData } = inventLeases(request, recipe, configuration);
  const facts: NodeFacts = {
    network: configuration,
    nodeName: 'node1',
    iface: request.iface ?? exampleIface.name,
    ifaceMtu: exampleIface.mtu,
    mtus: overlayMtus(recipe, parameterValues, exampleIface.mtu, configuration),
    stateDirectory: request.stateDirectory,
    publicIp: own.addresses.ipv4,
    publicIpv6: own.addresses.ipv6,
    localAddresses: own.addresses,
    parameters: recipe.parameters,
    parameterValues,
  };
  return {
    recipe: recipe.name,
    type: recipe.backendType,
    runs: events.map((event) => planRun(event, recipe, facts, own.subnets, peer)),
    assumed: {
      node: `${facts.nodeName}, interface ${facts.iface} with MTU ${facts.ifaceMtu}, lease ${describeInvented(own)}`,
      peer: describeInvented(other),
      data: aboutData,
    },
  };
}

function chooseEvents(recipe: Recipe, wanted: CommandEvent | undefined): readonly CommandEvent[] {
  const known = commandEventNames.filter((event) => recipe.commands[commandOfEvent[event]] !== undefined);
  if (wanted === undefined) return known;
  if (known.includes(wanted)) return [wanted];
  throw new Failure(
    'usage',
    `recipe ${recipe.name} does not have a ${commandOfEvent[wanted]}, so nothing would run`,
    {
      hint:
        known.length === 0 ? 'the recipe does not have any command' : `explain one of ${known.join(', ')}`,
    },
  );
}

function planRun(
  event: CommandEvent,
  recipe: Recipe,
  facts: NodeFacts,
  own: LeaseSubnets,
  peer: Peer,
): PlannedRun {
  const name = commandOfEvent[event];
  const command = recipe.commands[name];
  if (command === undefined) throw new Error(`recipe ${recipe.name} does not have a ${name}`);
  const isPeerRun = isPeerCommand(name);
  const variables = commandVariables(
    name,
    facts,
    name === 'PreStartupCommand' ? undefined : own,
    isPeerRun ? peer : undefined,
  );
  const line = readsPeerLines(name) ? formatPeerLine('add', peer, recipe.backendData) : undefined;
  const script = commandText(command);
  const environment = hideSecrets(variables, recipe);
  const stdin = isPeerRun ? peer.stdin : line === undefined ? '' : `${line}\n`;
  const exitsOnFailure = command.form === 'lines';
  return {
    event,
    command: name,
    shell: exitsOnFailure ? 'sh -ec' : 'sh -c',
    script,
    environment,
    stdin,
    calls: isPeerRun ? explainCalls({ script, exitsOnFailure, environment, stdin }) : null,
    cwd: facts.stateDirectory,
    umask: '077',
    timeoutSeconds: name === 'MonitorCommand' ? null : recipe.timeout,
  };
}

function hideSecrets(
  variables: Readonly<Record<string, string>>,
  { parameters }: Recipe,
): Record<string, string> {
  const secrets = new Set(parameters.filter(({ secret }) => secret).map(({ variable }) => variable));
  const sorted = Object.entries(variables).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(sorted.map(([name, value]) => [name, secrets.has(name) ? hiddenSecret : value]));
}
