import { formatAddress, formatCidr, parseCidr } from '../network/cidr.ts';
import type { NetworkConfiguration } from '../network/configuration.ts';
import type { PerFamily } from '../network/per-family.ts';
import type { PublicAddresses } from '../network/public-addresses.ts';
import { describeUnpassable, isInherited } from '../recipe/inherited-variables.ts';
import type { LeaseSubnets, Peer } from '../lease/lease.ts';
import type { CommandName, Parameter, ParameterValue } from '../recipe/recipe.ts';

/** The facts about a node that its commands receive. */
export interface NodeFacts extends PublicAddresses {
  readonly network: NetworkConfiguration;
  readonly nodeName: string;
  readonly iface: string;
  /** The interface's MTU, and the overlay's for each family of the network, in bytes. */
  readonly ifaceMtu: number;
  readonly mtus: PerFamily<number>;
  readonly stateDirectory: string;
  /** This node's own addresses on the interface: a public address may be translated to them on the way. */
  readonly localAddress: string | undefined;
  readonly localAddressV6: string | undefined;
  readonly parameters: readonly Parameter[];
  readonly parameterValues: Readonly<Record<string, ParameterValue>>;
}

type Variables = Record<string, string>;

/**
 * The part of the daemon's environment that commands inherit: the usual variables, and those that the recipe or the operator `named`.
 * The daemon's own settings and the contract's names are never inherited.
 */
export function inheritedEnvironment(
  daemon: Readonly<Record<string, string | undefined>>,
  named: readonly string[],
): Variables {
  const inherited: Variables = {};
  for (const [name, value] of Object.entries(daemon)) {
    if (value === undefined || describeUnpassable(name) !== undefined) continue;
    if (isInherited(name) || named.includes(name)) inherited[name] = value;
  }
  return inherited;
}

/**
 * The variables for every command: the network, this node and the parameters. `own` is absent before the lease is
 * taken. DESIGN of the contract: `docs/recipes.md`.
 */
export function nodeVariables(facts: NodeFacts, own: LeaseSubnets | undefined): Variables {
  const { ipv4, ipv6 } = facts.network;
  return {
    ...parameterVariables(facts),
    ...(ipv4 && { NETWORK: formatCidr(ipv4.network) }),
    ...(ipv6 && { IPV6_NETWORK: formatCidr(ipv6.network) }),
    ...addressVariables('LOCAL_', facts),
    ...subnetVariables('LOCAL_', own),
    ...(facts.localAddress !== undefined && { LOCAL_ADDRESS: facts.localAddress }),
    ...(facts.localAddressV6 !== undefined && { LOCAL_ADDRESS_V6: facts.localAddressV6 }),
    IFACE: facts.iface,
    IFACE_MTU: String(facts.ifaceMtu),
    ...mtuVariables(facts.mtus),
    NODE_NAME: facts.nodeName,
    STATE_DIR: facts.stateDirectory,
  };
}

/** The variables by which a command learns whom it is about: this node itself … */
export function ownVariables(facts: NodeFacts, own: LeaseSubnets | undefined): Variables {
  return { ...addressVariables('', facts), ...subnetVariables('', own) };
}

/** … or a peer. */
export function peerVariables(peer: Peer): Variables {
  const subnets = { ipv4: parseIf(peer.subnet), ipv6: parseIf(peer.ipv6Subnet) };
  return { ...peer.fields, ...addressVariables('', peer), ...subnetVariables('', subnets) };
}

/** All that one command is told: `own` is undefined before the lease is taken, `peer` for a command about no one peer. */
export function commandVariables(
  name: CommandName,
  facts: NodeFacts,
  own: LeaseSubnets | undefined,
  peer?: Peer,
): Variables {
  const node = nodeVariables(facts, own);
  if (peer !== undefined) return { ...node, ...peerVariables(peer) };
  // A batch is about many peers, each on a line of its own.
  return name === 'SubnetBatchCommand' ? node : { ...node, ...ownVariables(facts, own) };
}

/** Whether a command is about a peer, and so runs once a peer. */
export function isPeerCommand(name: CommandName): boolean {
  return name === 'SubnetAddCommand' || name === 'SubnetRemoveCommand';
}

function parseIf(cidr: string | undefined): LeaseSubnets['ipv4'] {
  return cidr === undefined ? undefined : parseCidr(cidr);
}

function addressVariables(prefix: string, addresses: PublicAddresses): Variables {
  return {
    ...(addresses.publicIp !== undefined && { [`${prefix}PUBLIC_IP`]: addresses.publicIp }),
    ...(addresses.publicIpv6 !== undefined && { [`${prefix}PUBLIC_IPV6`]: addresses.publicIpv6 }),
  };
}

function subnetVariables(prefix: string, subnets: LeaseSubnets | undefined): Variables {
  const variables: Variables = {};
  const families = [
    ['SUBNET', subnets?.ipv4],
    ['IPV6SUBNET', subnets?.ipv6],
  ] as const;
  for (const [name, cidr] of families) {
    if (cidr === undefined) continue;
    variables[`${prefix}${name}`] = formatCidr(cidr);
    variables[`${prefix}${name}_IP`] = formatAddress(cidr);
    variables[`${prefix}${name}_LEN`] = String(cidr.prefix);
  }
  return variables;
}

/** In a network with IPv6 only, both variables have the MTU of IPv6: a recipe with one device uses MTU. */
function mtuVariables({ ipv4, ipv6 }: PerFamily<number>): Variables {
  const mtu = ipv4 ?? ipv6;
  return {
    ...(mtu !== undefined && { MTU: String(mtu) }),
    ...(ipv6 !== undefined && { MTU_V6: String(ipv6) }),
  };
}

function parameterVariables({ parameters, parameterValues }: NodeFacts): Variables {
  const variables: Variables = {};
  for (const parameter of parameters) {
    const value = parameterValues[parameter.name];
    // The MTU parameter replaces the underlay's MTU; the contract's MTU is calculated from it.
    if (value !== undefined && parameter.variable !== 'MTU') variables[parameter.variable] = String(value);
  }
  return variables;
}
