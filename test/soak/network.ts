import { hostileNetwork } from '../kernel/hostile/leases.ts';

/** The network of the soak, and the daemons' intervals: short, so that much happens within five minutes. */
export const network = {
  prefix: '/coreos.com/network',
  /** Nodes take subnets of 10.60; hostile leases want all of it. */
  document: { ...hostileNetwork, Backend: { Type: 'vxlan' } },
  leaseSeconds: 240,
  checkSeconds: 10,
} as const;
