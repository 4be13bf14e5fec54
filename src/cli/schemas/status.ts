import * as z from 'zod/mini';
import type { NodeStatus } from '../../daemon/report/status.ts';
import type { NoStatus } from '../status/run-status.ts';
import { naturalNumber, described, moment, schemaOf } from './schema-of.ts';

const outcome = z.strictObject({
  operation: z.enum(['add', 'remove']),
  reason: described(z.string(), 'Why it was run: `new`, `changed`, `gone`, `drifted`, `retry` and others.'),
  at: moment,
  trouble: described(z.nullable(z.string()), 'The failure as a clause; null if it succeeded.'),
  stderr: described(z.string(), 'The end of what the command printed on stderr when it failed.'),
});

const peer = z.strictObject({
  key: described(z.string(), 'The key of the lease in the store.'),
  subnet: described(z.string(), 'Both subnets of a dual-stack peer, joined by `and`.'),
  publicIp: described(z.string(), 'The IPv4 address, or the IPv6 address of a peer that has only that.'),
  publicIpv6: described(z.nullable(z.string()), 'Null for a peer without IPv6.'),
  state: described(
    z.enum(['in-place', 'pending', 'failing', 'leaving']),
    'docs/operations.md explains each state.',
  ),
  lastOutcome: described(
    z.nullable(outcome),
    'The last run of a command for this peer; null before the first.',
  ),
  retries: described(naturalNumber, 'The number of failures in a row.'),
  nextTryAt: described(z.nullable(moment), 'The time of the next try; null if none is due.'),
});

const counts = z.strictObject({
  wanted: described(naturalNumber, 'Peers that the store says should be in the kernel.'),
  inPlace: described(naturalNumber, 'Wanted peers that are in the kernel.'),
  pending: described(naturalNumber, 'Peers whose command is about to run, or running.'),
  failing: described(naturalNumber, 'Peers that failed and have not succeeded since.'),
  ignored: described(naturalNumber, 'Leases of other backend types.'),
  rejected: described(naturalNumber, 'Leases that this node does not accept.'),
  unreachable: described(
    naturalNumber,
    'Leases of nodes that run another backend type, or another value of a shared parameter.',
  ),
});

/** The output of `heddle status --json`. */
export const statusSchema = schemaOf<NodeStatus>()(
  z.strictObject({
    state: described(
      z.enum([
        'starting',
        'pre-startup',
        'leasing',
        'post-startup',
        'running',
        'degraded',
        'stopping',
        'stopped',
      ]),
      'docs/operations.md explains each state.',
    ),
    because: described(z.nullable(z.string()), 'Why the node is degraded; null if it is not.'),
    version: described(z.string(), 'The version of heddle that runs.'),
    pid: naturalNumber,
    node: described(z.string(), 'The name of the node.'),
    startedAt: moment,
    waitingFor: described(
      z.nullable(z.string()),
      'What a start waits for, or a command that takes long; null if nothing takes long.',
    ),
    recipe: described(
      z.nullable(z.strictObject({ name: z.string(), file: z.string(), type: z.string() })),
      'The recipe that runs; null until it is known.',
    ),
    parameters: described(
      z.nullable(z.record(z.string(), z.string())),
      'The value of each parameter of the recipe, as text; `***` for a secret. Null until they are known.',
    ),
    network: described(z.nullable(z.string()), 'The overlay’s network; null until it is known.'),
    store: described(z.nullable(z.string()), 'The lease store; null until it is known.'),
    iface: described(z.nullable(z.string()), 'The interface of the underlay; null until it is known.'),
    storeOutage: described(
      z.nullable(
        z.strictObject({
          since: moment,
          because: described(z.string(), 'What went wrong the last time.'),
          hint: described(z.nullable(z.string()), 'What to do; null if nobody knows.'),
          nextTryAt: moment,
        }),
      ),
      'Present while the store does not answer; else null.',
    ),
    lease: described(
      z.nullable(
        z.strictObject({
          subnet: described(z.string(), 'Both subnets of a dual-stack node, joined by `and`.'),
          publicIp: described(
            z.string(),
            'The IPv4 address, or the IPv6 address of a node that has only that.',
          ),
          publicIpv6: described(z.nullable(z.string()), 'Null for a node without IPv6.'),
          expiresAt: described(z.nullable(moment), 'Null for a reservation.'),
        }),
      ),
      'The lease of this node; null until it has one.',
    ),
    mtu: described(z.nullable(naturalNumber), 'The MTU of the overlay in bytes; null until it is known.'),
    parts: described(
      z.array(
        z.strictObject({
          name: described(
            z.string(),
            '`device`, `traffic-rules`, `blackhole-route`, `peers` or `subnet-file`.',
          ),
          state: described(
            z.enum(['absent', 'whole', 'repaired', 'broken']),
            '`absent`: not up yet; `whole`: in order at the last look; `repaired`: the next look shows whether it is in order; `broken`: see `because`.',
          ),
          settings: described(z.string(), 'The settings of the part, as text.'),
          because: described(z.nullable(z.string()), 'Why the part is broken; null if it is not.'),
          failures: described(naturalNumber, 'The number of failures in a row.'),
          nextTryAt: described(z.nullable(moment), 'The time of the next try; null if none is due.'),
        }),
      ),
      'The parts of the network, in the order in which they come up; none before the device comes up.',
    ),
    counts: described(counts, 'The peers, counted.'),
    peers: described(z.array(peer), 'Every peer that is wanted or still in the kernel, by lease key.'),
    rejections: described(
      z.array(z.strictObject({ key: z.string(), because: z.string() })),
      'The leases that this node does not accept, with the reason.',
    ),
    concerns: described(
      z.array(
        z.strictObject({
          kind: z.enum([
            'lease-expired',
            'lease-contested',
            'own-address',
            'own-identity',
            'shared-address',
            'shared-identity',
            'clock',
            'underlay',
            'forwarding',
            'firewall',
            'cni-order',
            'outdated-pods',
            'network-changed',
            'unreachable',
            'peer-silent',
            'compile',
          ]),
          about: described(z.string(), 'The subject: an address or the key of a lease.'),
          because: described(z.string(), 'What is wrong.'),
          hint: described(z.string(), 'What to do.'),
          since: moment,
        }),
      ),
      'Reasons why packets may not flow; docs/operations.md explains each kind.',
    ),
    sharedAddresses: described(
      z.array(z.strictObject({ address: z.string(), keys: z.array(z.string()) })),
      'Underlay addresses that several leases claim, with the keys of these leases.',
    ),
    lastDrift: described(
      z.nullable(
        z.strictObject({ at: moment, missing: naturalNumber, extra: naturalNumber, rebuilt: z.boolean() }),
      ),
      'The last repair of drift: peers that were missing, peers that nobody wanted, and whether the device was built again. Null if there was none.',
    ),
    liberties: described(
      z.array(
        z.strictObject({
          where: described(z.string(), 'The document, the line and the column.'),
          code: z.string(),
          message: z.string(),
        }),
      ),
      'What the node reads in the network configuration in another way than it is written, and other warnings.',
    ),
    probe: described(
      z.nullable(
        z.strictObject({
          at: moment,
          counts: z.strictObject({ answers: naturalNumber, silent: naturalNumber, unknown: naturalNumber }),
          addresses: z.array(
            z.strictObject({
              key: described(z.string(), 'The key of the peer’s lease.'),
              subnet: z.string(),
              address: described(z.string(), 'The address in the subnet that got a packet.'),
              result: described(
                z.enum(['answers', 'silent', 'unknown']),
                '`silent`: it answered an earlier packet, but not the last ones; `unknown`: nobody ever answered there.',
              ),
              lastAnswerAt: described(z.nullable(moment), 'Null if nobody ever answered there.'),
            }),
          ),
        }),
      ),
      'The results of the probes; null before the first round has ended.',
    ),
  }),
);

/** A line of the output of `heddle status --watch --json`. */
export const statusWatchSchema = schemaOf<NodeStatus | NoStatus>()(
  z.union([
    statusSchema,
    z.strictObject({
      state: described(
        z.enum(['not-running', 'unresponsive']),
        '`not-running`: no daemon runs with this state directory; `unresponsive`: it does not answer.',
      ),
      because: described(z.string(), 'Why the status is unknown.'),
    }),
  ]),
);
