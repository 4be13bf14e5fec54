import * as z from 'zod/mini';
import type { ReleasedSubnet, ReservedSubnet } from '../leases/run-leases-change.ts';
import type { ListedLease } from '../leases/run-leases.ts';
import { described, moment, schemaOf } from './schema-of.ts';

const subnet = described(
  z.string(),
  'The subnet; for a dual-stack lease, the IPv4 and the IPv6 subnet with ` and ` between them.',
);
const addresses = {
  publicIp: described(z.nullable(z.string()), 'The public IPv4 address of the node; null if it has none.'),
  publicIpv6: described(z.nullable(z.string()), 'The public IPv6 address of the node; null if it has none.'),
};

const role = z.union([
  z.strictObject({
    state: described(z.literal('own'), 'The lease of this node.'),
    because: z.null(),
  }),
  z.strictObject({
    state: described(z.enum(['in-place', 'pending', 'failing', 'leaving']), 'A peer, as in `heddle status`.'),
    because: described(z.nullable(z.string()), 'The failure of its last command; null if it succeeded.'),
  }),
  z.strictObject({
    state: described(
      z.enum(['rejected', 'not-a-peer']),
      '`rejected`: its data is not accepted; `not-a-peer`: it belongs to a node that this one does not connect to.',
    ),
    because: z.string(),
  }),
]);

/** The output of `heddle leases --json`. */
export const leasesSchema = schemaOf<readonly ListedLease[]>()(
  z.array(
    z.strictObject({
      subnet,
      ...addresses,
      backendType: described(z.string(), 'The backend type of the node’s recipe; empty for a reservation.'),
      backendData: described(z.unknown(), 'The backend data that the node published; null if there is none.'),
      backendV6Data: described(z.unknown(), 'The same for IPv6.'),
      expiresAt: described(z.nullable(moment), 'Null for a reservation.'),
      reservation: described(z.boolean(), 'Whether the lease never expires.'),
      here: described(
        z.nullable(role),
        'What the lease is for the daemon of this node; null if no daemon runs here with this store.',
      ),
    }),
  ),
);

/** The output of `heddle leases reserve --json`. */
export const reserveSchema = schemaOf<ReservedSubnet>()(z.strictObject({ reserved: subnet, ...addresses }));

/** The output of `heddle leases release --json`. */
export const releaseSchema = schemaOf<ReleasedSubnet>()(
  z.strictObject({
    released: subnet,
    ...addresses,
    reservation: described(z.boolean(), 'Whether the lease was a reservation.'),
  }),
);
