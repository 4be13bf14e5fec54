import * as z from 'zod/mini';

/** A network or an address as JSON has it; its text is checked apart, so that more can be said of it. */
const network = z.string();
const address = z.string();

/** The schema of a key that may be left out, with what JSON Schema is to say of it. */
export function optionalKey<S extends z.core.$ZodType>(
  schema: S,
  meta: z.core.GlobalMeta,
): z.ZodMiniOptional<S> {
  return z.optional(schema).check(z.meta(meta));
}

/** A whole number with its bounds. */
export function integerBetween(minimum: number, maximum: number): z.ZodMiniNumberFormat {
  return z.int().check(z.gte(minimum), z.lte(maximum));
}

/**
 * The keys of a flannel network configuration other than `Backend`. The only such table: the checks and the JSON
 * Schema both come from it. The bounds here are those of any configuration; how the values fit each other is
 * `checkNetworkConfiguration`'s concern.
 */
export const networkKeys = {
  EnableIPv4: optionalKey(z.boolean(), { description: 'Whether nodes get an IPv4 subnet.', default: true }),
  EnableIPv6: optionalKey(z.boolean(), { description: 'Whether nodes get an IPv6 subnet.', default: false }),
  EnableNFTables: optionalKey(z.boolean(), {
    description: 'Whether masquerading uses nftables instead of iptables.',
    default: false,
  }),
  Network: optionalKey(network, {
    description: 'The IPv4 network of all subnets; required with IPv4.',
    examples: ['10.50.0.0/16'],
  }),
  SubnetLen: optionalKey(integerBetween(1, 30), {
    description:
      'The prefix length of each node’s IPv4 subnet. Default: 24, or the network’s length plus two if that is longer.',
  }),
  SubnetMin: optionalKey(address, {
    description: 'The address of the first IPv4 subnet to lease. Default: the second subnet of the network.',
    examples: ['10.50.1.0'],
  }),
  SubnetMax: optionalKey(address, {
    description: 'The address of the last IPv4 subnet to lease. Default: the last subnet of the network.',
    examples: ['10.50.255.0'],
  }),
  IPv6Network: optionalKey(network, {
    description: 'The IPv6 network of all subnets; required with IPv6.',
    examples: ['2001:db8:42::/56'],
  }),
  IPv6SubnetLen: optionalKey(integerBetween(1, 126), {
    description:
      'The prefix length of each node’s IPv6 subnet. Default: 64, or the network’s length plus two if that is longer.',
  }),
  IPv6SubnetMin: optionalKey(address, {
    description: 'The address of the first IPv6 subnet to lease. Default: the second subnet of the network.',
    examples: ['2001:db8:42:1::'],
  }),
  IPv6SubnetMax: optionalKey(address, {
    description: 'The address of the last IPv6 subnet to lease. Default: the last subnet of the network.',
    examples: ['2001:db8:42:ff::'],
  }),
};
