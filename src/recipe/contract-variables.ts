import type { CommandName } from './recipe.ts';

/** Every variable that the contract sets, so that none is ever inherited from the daemon's own environment. */
export const contractVariables: readonly string[] = [
  'NETWORK',
  'IPV6_NETWORK',
  ...['', 'LOCAL_'].flatMap((prefix) =>
    [
      'PUBLIC_IP',
      'PUBLIC_IPV6',
      'SUBNET',
      'SUBNET_IP',
      'SUBNET_LEN',
      'SUBNET_NUMBER',
      'IPV6SUBNET',
      'IPV6SUBNET_IP',
      'IPV6SUBNET_LEN',
    ].map((name) => prefix + name),
  ),
  'LOCAL_ADDRESS',
  'LOCAL_ADDRESS_V6',
  'ON_LINK_DEV',
  'ON_LINK_DEV_V6',
  'IFACE',
  'IFACE_MTU',
  'MTU',
  'MTU_V6',
  'NODE_NAME',
  'STATE_DIR',
];

const subnetVariables = contractVariables.filter((name) => name.includes('SUBNET'));
const linkVariables = ['ON_LINK_DEV', 'ON_LINK_DEV_V6'];
const ofOneLease = contractVariables.filter((name) => /^(PUBLIC_|SUBNET|IPV6SUBNET)/.test(name));

/**
 * Variables of the contract that are unset in a command: before the lease the node does not have a subnet, a batch
 * handles many leases, and only a peer is on a link of this node.
 */
export function variablesUnsetIn(command: CommandName): readonly string[] {
  if (command === 'PreStartupCommand') return [...subnetVariables, ...linkVariables];
  if (isAboutPeer(command)) return [];
  return command === 'SubnetBatchCommand' ? [...ofOneLease, ...linkVariables] : linkVariables;
}

/** The variables of the fields of a peer's backend data. */
export function dataVariables(fields: readonly string[]): readonly string[] {
  return fields.flatMap((field) => [`DATA_${field}`, `DATA6_${field}`]);
}

/** Whether a variable can only be that of a field of backend data. */
export function isDataVariable(name: string): boolean {
  return /^DATA6?_/.test(name);
}

/** Whether a command is about one peer, whose backend data it is given. */
export function isAboutPeer(command: CommandName): boolean {
  return command === 'SubnetAddCommand' || command === 'SubnetRemoveCommand';
}

/** Whether a command reads many peers, one a line. */
export function readsPeerLines(command: CommandName): boolean {
  return command === 'SubnetBatchCommand' || command === 'CheckCommand';
}

/** Whether standard input brings a command anything. */
export function hasInput(command: CommandName): boolean {
  return isAboutPeer(command) || readsPeerLines(command);
}
