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
      'IPV6SUBNET',
      'IPV6SUBNET_IP',
      'IPV6SUBNET_LEN',
    ].map((name) => prefix + name),
  ),
  'IFACE',
  'IFACE_MTU',
  'MTU',
  'NODE_NAME',
  'STATE_DIR',
];

const subnetVariables: readonly string[] = contractVariables.filter((name) => name.includes('SUBNET'));

/** Variables that a command may not count on, though the contract knows them: before the lease there is no subnet. */
export function variablesUnsetIn(command: CommandName): readonly string[] {
  return command === 'PreStartupCommand' ? subnetVariables : [];
}

/** Whether a command is about one peer, whose backend data it is given. */
export function isAboutPeer(command: CommandName): boolean {
  return command === 'SubnetAddCommand' || command === 'SubnetRemoveCommand';
}

/** Whether standard input brings a command anything. */
export function hasInput(command: CommandName): boolean {
  return isAboutPeer(command) || command === 'SubnetBatchCommand';
}
