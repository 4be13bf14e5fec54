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
