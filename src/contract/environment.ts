import { formatAddress, formatCidr, parseCidr, type Cidr } from '../network/cidr.ts';
import type { NetworkConfiguration } from '../network/configuration.ts';
import { mapFamilies, noFamily, type FamilyKey, type PerFamily } from '../network/per-family.ts';
import { publicAddresses, type PublicAddresses } from '../network/public-addresses.ts';
import { describeUnpassable, isInherited } from '../recipe/inherited-variables.ts';
import { peerSubnets, type LeaseSubnets, type Peer } from '../lease/lease.ts';
import type { CommandName, Parameter, ParameterValue } from '../recipe/recipe.ts';

/** The facts about a node that its commands receive. */
export interface NodeFacts extends PublicAddresses {
  readonly network: NetworkConfiguration;
  readonly nodeName: string;
  readonly iface: string;
  /** The MTU of the interface, and of the overlay for each family of the network, in bytes. */
  readonly ifaceMtu: number;
  readonly mtus: PerFamily<number>;
  readonly stateDirectory: string;
  /** This node's own addresses on the interface. A public address may be translated to one of them on the way. */
  readonly localAddresses: PerFamily<string>;
  readonly parameters: readonly Parameter[];
  readonly parameterValues: Readonly<Record<string, ParameterValue>>;
}

type Variables = Record<string, string>;

/** The names of the variables that each address family has. */
const familyNames = {
  network: { ipv4: 'NETWORK', ipv6: 'IPV6_NETWORK' },
  publicAddress: { ipv4: 'PUBLIC_IP', ipv6: 'PUBLIC_IPV6' },
  localAddress: { ipv4: 'LOCAL_ADDRESS', ipv6: 'LOCAL_ADDRESS_V6' },
  onLink: { ipv4: 'ON_LINK_DEV', ipv6: 'ON_LINK_DEV_V6' },
} as const satisfies Readonly<Record<string, Readonly<Record<FamilyKey, string>>>>;

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
  const networks = mapFamilies(facts.network, ({ network }) => formatCidr(network));
  return {
    ...parameterVariables(facts),
    ...familyVariables('', 'network', networks),
    ...addressVariables('LOCAL_', facts),
    ...subnetVariables('LOCAL_', own),
    ...familyVariables('', 'localAddress', facts.localAddresses),
    IFACE: facts.iface,
    IFACE_MTU: String(facts.ifaceMtu),
    ...mtuVariables(facts.mtus),
    NODE_NAME: facts.nodeName,
    STATE_DIR: facts.stateDirectory,
  };
}

/** The variables that name the subject of a command about this node itself. */
export function ownVariables(facts: NodeFacts, own: LeaseSubnets | undefined): Variables {
  return { ...addressVariables('', facts), ...subnetVariables('', own) };
}

/** The variables that name the subject of a command about a peer. */
export function peerVariables(peer: Peer): Variables {
  const variables: Variables = { ...peer.fields };
  setFamilies(variables, '', 'publicAddress', publicAddresses(peer));
  if (peer.link !== undefined) setFamilies(variables, '', 'onLink', peer.link.devices);
  const { ipv4, ipv6 } = peerSubnets(peer);
  if (ipv4 !== undefined) setSubnetText(variables, subnetNames[''].ipv4, ipv4);
  if (ipv6 !== undefined) setSubnetText(variables, subnetNames[''].ipv6, ipv6);
  return variables;
}

/**
 * The variables for one command. `own` is undefined before the lease is taken; `peer` is undefined for a command that is not about one
 * peer.
 */
export function commandVariables(
  name: CommandName,
  facts: NodeFacts,
  own: LeaseSubnets | undefined,
  peer?: Peer,
): Variables {
  const node = nodeVariables(facts, own);
  if (peer !== undefined) return { ...node, ...peerVariables(peer) };
  // A batch is about many peers, and each has a line of its own.
  return name === 'SubnetBatchCommand' ? node : { ...node, ...ownVariables(facts, own) };
}

/** Whether a command is about one peer, so that it runs once for each peer. */
export function isPeerCommand(name: CommandName): boolean {
  return name === 'SubnetAddCommand' || name === 'SubnetRemoveCommand';
}

/** The values of each family, under the variable that the family has for them. */
function familyVariables(
  prefix: string,
  what: keyof typeof familyNames,
  values: PerFamily<string>,
): Variables {
  const variables: Variables = {};
  setFamilies(variables, prefix, what, values);
  return variables;
}

/** Sets the variables in an existing object: objects for the parts would cost time for many thousand peers. */
function setFamilies(
  variables: Variables,
  prefix: string,
  what: keyof typeof familyNames,
  { ipv4, ipv6 }: PerFamily<string>,
): void {
  const names = familyNames[what];
  if (ipv4 !== undefined) variables[prefix === '' ? names.ipv4 : prefix + names.ipv4] = ipv4;
  if (ipv6 !== undefined) variables[prefix === '' ? names.ipv6 : prefix + names.ipv6] = ipv6;
}

function addressVariables(prefix: string, addresses: PublicAddresses): Variables {
  return familyVariables(prefix, 'publicAddress', publicAddresses(addresses));
}

function subnetVariables(prefix: '' | 'LOCAL_', subnets: LeaseSubnets = noFamily): Variables {
  const variables: Variables = {};
  setSubnets(variables, prefix, subnets);
  return variables;
}

function setSubnets(variables: Variables, prefix: '' | 'LOCAL_', { ipv4, ipv6 }: LeaseSubnets): void {
  if (ipv4 !== undefined) setSubnet(variables, subnetNames[prefix].ipv4, ipv4);
  if (ipv6 !== undefined) setSubnet(variables, subnetNames[prefix].ipv6, ipv6);
}

function setSubnetText(variables: Variables, names: SubnetNames, text: string): void {
  const subnet = parseCidr(text);
  if (subnet === undefined) return;
  // IPv4 is read only in the form in which it is printed.
  const address = subnet.family === 4 ? text.slice(0, text.indexOf('/')) : formatAddress(subnet);
  setSubnet(variables, names, subnet, address);
}

function setSubnet(
  variables: Variables,
  names: SubnetNames,
  subnet: Cidr,
  address = formatAddress(subnet),
): void {
  variables[names.subnet] = `${address}/${subnet.prefix}`;
  variables[names.address] = address;
  variables[names.length] = String(subnet.prefix);
  if (subnet.family === 4) variables[names.number] = String(subnet.value);
}

interface SubnetNames {
  readonly subnet: string;
  readonly address: string;
  readonly length: string;
  /** Of IPv4 alone. */
  readonly number: string;
}

function nameSubnet(name: string): SubnetNames {
  return { subnet: name, address: `${name}_IP`, length: `${name}_LEN`, number: `${name}_NUMBER` };
}

const subnetNames = {
  '': { ipv4: nameSubnet('SUBNET'), ipv6: nameSubnet('IPV6SUBNET') },
  LOCAL_: { ipv4: nameSubnet('LOCAL_SUBNET'), ipv6: nameSubnet('LOCAL_IPV6SUBNET') },
} as const;

/** The variables for the overlay's MTU. With IPv6 only, both hold the MTU of IPv6, because a recipe with one device uses MTU. */
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
