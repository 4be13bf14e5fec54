import { z } from 'zod';

/** A network or an address as JSON has it; its text is checked apart, so that more can be said of it. */
const network = z.string();
const address = z.string();

/**
 * The keys of a flannel network configuration other than `Backend`. The only such table: the checks and the JSON
 * Schema both come from it. The bounds here are those of any configuration; how the values fit each other is
 * `checkNetworkConfiguration`'s concern.
 */
export const networkKeys = {
  EnableIPv4: z
    .boolean()
    .optional()
    .meta({ description: 'Whether nodes get an IPv4 subnet.', default: true }),
  EnableIPv6: z
    .boolean()
    .optional()
    .meta({ description: 'Whether nodes get an IPv6 subnet.', default: false }),
  EnableNFTables: z
    .boolean()
    .optional()
    .meta({ description: 'Whether masquerading uses nftables, not iptables.', default: false }),
  Network: network.optional().meta({
    description: 'The IPv4 network that all subnets are taken from; required with IPv4.',
    examples: ['10.50.0.0/16'],
  }),
  SubnetLen: z.int().min(1).max(30).optional().meta({
    description:
      'The prefix length of each node’s IPv4 subnet: 24 unless given, or two more than the network’s past /22.',
  }),
  SubnetMin: address.optional().meta({
    description: 'The first IPv4 subnet to lease, by its address: the second of the network unless given.',
    examples: ['10.50.1.0'],
  }),
  SubnetMax: address.optional().meta({
    description: 'The last IPv4 subnet to lease, by its address: the last of the network unless given.',
    examples: ['10.50.255.0'],
  }),
  IPv6Network: network.optional().meta({
    description: 'The IPv6 network that all subnets are taken from; required with IPv6.',
    examples: ['2001:db8:42::/56'],
  }),
  IPv6SubnetLen: z.int().min(1).max(126).optional().meta({
    description:
      'The prefix length of each node’s IPv6 subnet: 64 unless given, or two more than the network’s past /62.',
  }),
  IPv6SubnetMin: address.optional().meta({
    description: 'The first IPv6 subnet to lease, by its address: the second of the network unless given.',
    examples: ['2001:db8:42:1::'],
  }),
  IPv6SubnetMax: address.optional().meta({
    description: 'The last IPv6 subnet to lease, by its address: the last of the network unless given.',
    examples: ['2001:db8:42:ff::'],
  }),
};
