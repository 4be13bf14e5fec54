import * as z from 'zod/mini';
import type { ExplainedIface } from '../run-iface-explain.ts';
import { described, naturalNumber, schemaOf } from './schema-of.ts';

const address = z.nullable(z.string());

/** The output of `heddle iface explain --json`. */
export const ifaceSchema = schemaOf<ExplainedIface>()(
  z.strictObject({
    chosen: described(
      z.nullable(
        z.strictObject({
          interface: z.string(),
          mtu: naturalNumber,
          address: described(address, "This node's own IPv4 address on the interface."),
          addressV6: described(address, "This node's own IPv6 address on the interface."),
          publicIp: described(address, 'The IPv4 address that peers are told.'),
          publicIpv6: described(address, 'The IPv6 address that peers are told.'),
          because: described(z.string(), 'Why this interface, as a clause.'),
        }),
      ),
      'The interface and the addresses that heddle up would use; null if there is none.',
    ),
    refusals: described(z.array(z.string()), 'Why earlier options led nowhere, in their order.'),
    candidates: described(
      z.array(
        z.strictObject({
          interface: z.string(),
          address: described(address, 'Null for an interface without an address.'),
          isTaken: z.boolean(),
          because: described(z.string(), 'Why it was taken or passed over, as a clause.'),
        }),
      ),
      "Every interface and address, in the kernel's order.",
    ),
  }),
);
