import { formatAddress, formatCidr } from '../network/cidr.ts';
import type { NetworkConfiguration, SubnetRange } from '../network/configuration.ts';
import type { Parameter, ParameterValue } from '../recipe/recipe.ts';

/** A network as a node runs it, or as a node would run it by the store's document. */
export interface SettledNetwork {
  readonly backendType: string;
  readonly configuration: NetworkConfiguration;
  readonly parameterValues: Readonly<Record<string, ParameterValue>>;
}

/** A key of the network configuration with two values, both ready to be shown. */
export interface NetworkDifference {
  readonly key: string;
  readonly running: string;
  readonly stored: string;
}

/**
 * Compares the network that a node runs with the network that the store describes. Where the networks of a family differ, the range
 * of subnets that follows from it is not compared; where the types differ, neither are parameters. Secrets are not shown.
 *
 * @param parameters the parameters of the node's recipe
 */
export function compareNetworks(
  running: SettledNetwork,
  stored: SettledNetwork,
  parameters: readonly Parameter[],
): NetworkDifference[] {
  const pairs = [
    pair('Type', running.backendType, stored.backendType),
    ...compareRanges('', running.configuration.ipv4, stored.configuration.ipv4),
    ...compareRanges('IPv6', running.configuration.ipv6, stored.configuration.ipv6),
    pair(
      'EnableNFTables',
      String(running.configuration.enableNftables),
      String(stored.configuration.enableNftables),
    ),
    ...(running.backendType === stored.backendType ? compareParameters(running, stored, parameters) : []),
  ];
  return pairs.flat();
}

function pair(key: string, running: string | undefined, stored: string | undefined): NetworkDifference[] {
  return running === stored ? [] : [{ key, running: running ?? 'none', stored: stored ?? 'none' }];
}

function compareRanges(
  prefix: '' | 'IPv6',
  running: SubnetRange | undefined,
  stored: SubnetRange | undefined,
): NetworkDifference[] {
  const network = pair(`${prefix}Network`, describeNetwork(running), describeNetwork(stored));
  if (running === undefined || stored === undefined || network.length > 0) return network;
  const length = pair(`${prefix}SubnetLen`, String(running.subnetLength), String(stored.subnetLength));
  if (length.length > 0) return length;
  return [
    ...pair(`${prefix}SubnetMin`, formatAddress(running.subnetMin), formatAddress(stored.subnetMin)),
    ...pair(`${prefix}SubnetMax`, formatAddress(running.subnetMax), formatAddress(stored.subnetMax)),
  ];
}

function describeNetwork(range: SubnetRange | undefined): string | undefined {
  return range && formatCidr(range.network);
}

function compareParameters(
  running: SettledNetwork,
  stored: SettledNetwork,
  parameters: readonly Parameter[],
): NetworkDifference[] {
  return parameters.flatMap(({ name, secret }) => {
    const differences = pair(name, valueOf(running, name), valueOf(stored, name));
    return secret ? differences.map(hide) : differences;
  });
}

function valueOf({ parameterValues }: SettledNetwork, name: string): string | undefined {
  return Object.hasOwn(parameterValues, name) ? String(parameterValues[name]) : undefined;
}

function hide({ key }: NetworkDifference): NetworkDifference {
  return { key, running: 'a secret', stored: 'another one' };
}
