import { Failure } from '../diagnostic/failure.ts';
import { checkPeer, describeUnusable } from '../lease/check-peer.ts';
import { commandVariables, isPeerCommand, type NodeFacts } from '../lease/environment.ts';
import type { Json, LeaseSubnets, Peer } from '../lease/lease.ts';
import { formatPeerLine } from '../lease/peer-line.ts';
import { leaseKey } from '../lease/wire.ts';
import { contains, formatCidr, parseAddress } from '../network/cidr.ts';
import type { NetworkConfiguration } from '../network/configuration.ts';
import { commandText } from '../recipe/command-text.ts';
import { commandOfEvent, eventNames, type EventName } from '../recipe/command-events.ts';
import { readsPeerLines } from '../recipe/contract-variables.ts';
import { overlayMtu } from '../recipe/mtu.ts';
import type { CommandName, Recipe } from '../recipe/recipe.ts';
import {
  exampleAddresses,
  exampleData,
  exampleSubnets,
  parseAddresses,
  parseSubnets,
  type PerFamily,
} from './example-lease.ts';
import { loadRecipe } from './load-recipe.ts';
import { decideNetwork } from './prepare.ts';

/** What to explain. `subnet`, `publicIp` and `data` are of the lease that the event is about. */
export interface ExplainRequest {
  /** A path, or a recipe's name. */
  readonly recipe: string;
  /** Undefined for every command that the recipe has. */
  readonly event: EventName | undefined;
  readonly subnet: string | undefined;
  readonly publicIp: string | undefined;
  /** IPv4's, then IPv6's. */
  readonly data: readonly string[];
  readonly iface: string | undefined;
  readonly parameters: readonly string[];
  readonly stateDirectory: string;
}

/** One run of a command, everything it would be given spelled out; values of secret parameters are not. */
export interface PlannedRun {
  readonly event: EventName;
  readonly command: CommandName;
  readonly shell: 'sh -c' | 'sh -ec';
  readonly script: string;
  /** What heddle sets, sorted by name. Everything else is inherited from the daemon. */
  readonly environment: Readonly<Record<string, string>>;
  readonly stdin: string;
  readonly cwd: string;
  readonly umask: '077';
  /** Null for a command that may run for as long as the network is up. */
  readonly timeoutSeconds: number | null;
}

export interface Explanation {
  readonly recipe: string;
  readonly type: string;
  readonly runs: readonly PlannedRun[];
  /** What the runs are about; made up where nothing was given. */
  readonly assumed: { readonly node: string; readonly peer: string };
}

/** Stands for the value of a secret parameter, as in every log. */
export const hiddenSecret = '‹secret›';

const exampleIface = { name: 'eth0', mtu: 1500 };

/** Tells exactly what would run, by the code that decides it for a node. Runs nothing. Throws a {@link Failure}. */
export async function explainRecipe(request: ExplainRequest, colour: boolean): Promise<Explanation> {
  const { recipe } = await loadRecipe(request.recipe, colour);
  const { configuration, parameterValues } = decideNetwork(recipe, request.parameters, undefined, colour);
  const events = chooseEvents(recipe, request.event);
  const { own, other, peer } = inventLeases(request, recipe, configuration);
  const facts: NodeFacts = {
    network: configuration,
    nodeName: 'node1',
    iface: request.iface ?? exampleIface.name,
    ifaceMtu: exampleIface.mtu,
    mtu: overlayMtu(recipe, parameterValues, exampleIface.mtu),
    stateDirectory: request.stateDirectory,
    publicIp: own.addresses.ipv4,
    publicIpv6: own.addresses.ipv6,
    parameters: recipe.parameters,
    parameterValues,
  };
  return {
    recipe: recipe.name,
    type: recipe.backendType,
    runs: events.map((event) => planRun(event, recipe, facts, own.subnets, peer)),
    assumed: {
      node: `${facts.nodeName}, interface ${facts.iface} with MTU ${facts.ifaceMtu}, lease ${describe(own)}`,
      peer: describe(other),
    },
  };
}

function chooseEvents(recipe: Recipe, wanted: EventName | undefined): readonly EventName[] {
  const known = eventNames.filter((event) => recipe.commands[commandOfEvent[event]] !== undefined);
  if (wanted === undefined) return known;
  if (known.includes(wanted)) return [wanted];
  throw new Failure('usage', `recipe ${recipe.name} has no ${commandOfEvent[wanted]}, so nothing would run`, {
    hint: known.length === 0 ? 'it has no command at all' : `explain one of ${known.join(', ')}`,
  });
}

interface InventedLease {
  readonly subnets: LeaseSubnets;
  readonly addresses: PerFamily<string>;
}

interface InventedLeases {
  readonly own: InventedLease;
  readonly other: InventedLease;
  /** What a node makes of the other lease. */
  readonly peer: Peer;
}

/** Completes what is given of one lease, this node's or a peer's, and makes up the other one. */
function inventLeases(
  request: ExplainRequest,
  recipe: Recipe,
  network: NetworkConfiguration,
): InventedLeases {
  const { event, subnet, publicIp, data } = request;
  const aboutOwn =
    event !== undefined && !isPeerCommand(commandOfEvent[event]) && !readsPeerLines(commandOfEvent[event]);
  if (aboutOwn && data.length > 0) {
    throw new Failure(
      'usage',
      `--data is what a peer has published, and ${commandOfEvent[event]} is about no peer`,
    );
  }
  const given = {
    subnets: subnet === undefined ? none : parseSubnets(subnet, network),
    addresses: publicIp === undefined ? none : parseAddresses(publicIp, network),
  };
  const nothing = { subnets: none, addresses: none };
  const own = completeLease(aboutOwn ? given : nothing, aboutOwn ? nothing : given, network);
  const other = completeLease(aboutOwn ? nothing : given, own, network);
  if (aboutOwn) checkOwn(own, network);
  return { own, other, peer: acceptPeer(other, own, request, recipe, network) };
}

const none = { ipv4: undefined, ipv6: undefined };

/** Makes up what a lease lacks, and other than another one has it. */
function completeLease(
  { subnets, addresses }: InventedLease,
  other: InventedLease,
  network: NetworkConfiguration,
): InventedLease {
  const exampleSubnet = exampleSubnets(network, other.subnets);
  const exampleAddress = exampleAddresses(network, other.addresses);
  return {
    subnets: { ipv4: subnets.ipv4 ?? exampleSubnet.ipv4, ipv6: subnets.ipv6 ?? exampleSubnet.ipv6 },
    addresses: { ipv4: addresses.ipv4 ?? exampleAddress.ipv4, ipv6: addresses.ipv6 ?? exampleAddress.ipv6 },
  };
}

function describe({ subnets, addresses }: InventedLease): string {
  const names = [subnets.ipv4, subnets.ipv6].flatMap((cidr) =>
    cidr === undefined ? [] : [formatCidr(cidr)],
  );
  const at = [addresses.ipv4, addresses.ipv6].filter((address) => address !== undefined);
  return `${names.join(',')} at ${at.join(',')}`;
}

/** Holds this node's own lease to what a node could have. */
function checkOwn({ subnets, addresses }: InventedLease, { ipv4, ipv6 }: NetworkConfiguration): void {
  for (const [range, subnet] of [[ipv4, subnets.ipv4] as const, [ipv6, subnets.ipv6] as const]) {
    if (range === undefined || subnet === undefined || contains(range.network, subnet)) continue;
    throw new Failure(
      'usage',
      `no node could lease ${formatCidr(subnet)}: it is not inside ${formatCidr(range.network)}`,
    );
  }
  for (const text of [addresses.ipv4, addresses.ipv6]) {
    const address = text === undefined ? undefined : parseAddress(text);
    const why = address === undefined ? undefined : describeUnusable(address);
    if (why !== undefined)
      throw new Failure('usage', `no node could be reached at ${text ?? ''}: it is ${why}`);
  }
}

/** Makes a peer of a lease as a node does, or says why a node would not. */
function acceptPeer(
  lease: InventedLease,
  own: InventedLease,
  request: ExplainRequest,
  recipe: Recipe,
  network: NetworkConfiguration,
): Peer {
  const { v4, v6 } = chooseData(request.data, recipe, network);
  const verdict = checkPeer(
    {
      key: leaseKey(lease.subnets),
      subnets: lease.subnets,
      attributes: {
        publicIp: lease.addresses.ipv4,
        publicIpv6: lease.addresses.ipv6,
        backendType: recipe.backendType,
        backendData: v4,
        backendV6Data: v6,
      },
      expiresAt: undefined,
    },
    {
      network,
      backendType: recipe.backendType,
      backendData: recipe.backendData,
      ownAddresses: [own.addresses.ipv4, own.addresses.ipv6].filter((address) => address !== undefined),
    },
  );
  if (verdict.kind === 'peer') return verdict.peer;
  const because = verdict.kind === 'rejected' ? verdict.because : 'its backend type is another';
  throw new Failure('usage', `a node would reject such a lease, and run nothing for it: ${because}`);
}

/** A peer's backend data for each family: as given, or an example where the recipe publishes some. */
function chooseData(
  given: readonly string[],
  recipe: Recipe,
  { ipv4, ipv6 }: NetworkConfiguration,
): { readonly v4: Json | undefined; readonly v6: Json | undefined } {
  const families = [ipv4, ipv6].filter((range) => range !== undefined).length;
  if (given.length > families) {
    throw new Failure('usage', `--data is given ${given.length} times for ${families} address families`);
  }
  const isText = recipe.backendData.format === 'text';
  const publishes = recipe.commands.PreStartupCommand !== undefined || !isText;
  const values =
    given.length > 0 || !publishes ? given.map((text) => (isText ? text : parseData(text))) : undefined;
  const first = values === undefined ? exampleData(recipe.backendData) : values[0];
  // Text is printed once for both families, and published as IPv4's.
  const second = values === undefined ? (isText ? undefined : first) : values[1];
  return ipv4 === undefined ? { v4: undefined, v6: first } : { v4: first, v6: ipv6 && second };
}

function parseData(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw new Failure('usage', `--data ${JSON.stringify(text)} is not JSON`, {
      hint: 'the recipe\'s backend data is an object: give one, such as \'{"Key":"value"}\'',
    });
  }
}

function planRun(
  event: EventName,
  recipe: Recipe,
  facts: NodeFacts,
  own: LeaseSubnets,
  peer: Peer,
): PlannedRun {
  const name = commandOfEvent[event];
  const command = recipe.commands[name];
  if (command === undefined) throw new Error(`recipe ${recipe.name} has no ${name}`);
  const isPeerRun = isPeerCommand(name);
  const variables = commandVariables(
    name,
    facts,
    name === 'PreStartupCommand' ? undefined : own,
    isPeerRun ? peer : undefined,
  );
  const line = readsPeerLines(name) ? formatPeerLine('add', peer, recipe.backendData) : undefined;
  return {
    event,
    command: name,
    shell: command.form === 'lines' ? 'sh -ec' : 'sh -c',
    script: commandText(command),
    environment: hideSecrets(variables, recipe),
    stdin: isPeerRun ? peer.stdin : line === undefined ? '' : `${line}\n`,
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
