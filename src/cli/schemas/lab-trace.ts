import * as z from 'zod/mini';
import type { TraceReport } from '../../lab/trace/report.ts';
import { described, naturalNumber, schemaOf } from './schema-of.ts';

const end = z.strictObject({
  place: described(z.string(), 'A node (`node1`), a pod (`node1-pod`), or the host of the store.'),
  address: z.string(),
});

const direction = z.enum(['in', 'out']);
const command = described(z.string(), 'A command that shows the entry, for a shell in the place.');
const bytes = described(naturalNumber, 'The size of the IP packet in bytes.');

const frame = z.strictObject({
  place: z.string(),
  interface: z.string(),
  direction,
  packet: described(
    z.enum(['request', 'answer', 'error']),
    'The echo, its answer, or an ICMP error about the echo.',
  ),
  afterUs: described(naturalNumber, 'Microseconds after the first frame of the echo.'),
  source: described(z.string(), 'The outer source address.'),
  destination: described(z.string(), 'The outer destination address.'),
  size: bytes,
  dontFragment: described(z.boolean(), 'Whether routers must not fragment the outer packet.'),
  isFragment: described(z.boolean(), 'Whether the frame has only a part of a packet.'),
  inner: described(
    z.nullable(z.strictObject({ source: z.string(), destination: z.string(), size: bytes })),
    'The encapsulated packet; null if there is none, or if it is encrypted.',
  ),
  encapsulation: z.nullable(z.enum(['vxlan', 'gre', 'ip', 'udp'])),
  vni: described(z.nullable(naturalNumber), 'The VXLAN network identifier.'),
  ports: described(
    z.nullable(z.strictObject({ source: naturalNumber, destination: naturalNumber })),
    'The outer UDP ports.',
  ),
  encrypted: described(z.boolean(), 'Whether only the outer packet can be read.'),
  error: described(
    z.nullable(
      z.strictObject({
        what: z.enum(['too-big', 'unreachable', 'prohibited', 'other']),
        mtu: z.nullable(naturalNumber),
      }),
    ),
    'The meaning of an ICMP error, and the size that it allows.',
  ),
});

const hops = z.array(
  z.strictObject({
    place: z.string(),
    arrives: described(
      z.nullable(z.string()),
      'The device on which the packet arrives; null where it begins.',
    ),
    lookUps: z.array(
      z.strictObject({
        table: z.enum(['route', 'rule', 'neighbour', 'fdb', 'bridge', 'wireguard', 'tunnel', 'nat']),
        found: described(z.string(), 'The entry that decides, or its absence.'),
        command,
      }),
    ),
    encapsulation: z.nullable(
      z.strictObject({
        device: z.string(),
        kind: described(z.string(), 'The kind of the device: `vxlan`, `wireguard`, `ipip` …'),
        source: described(z.nullable(z.string()), 'Null if the route decides about it.'),
        destination: z.string(),
        port: described(z.nullable(naturalNumber), 'The UDP port; null if it does not use UDP.'),
        vni: z.nullable(naturalNumber),
        overhead: described(naturalNumber, 'The bytes that the encapsulation adds.'),
        encrypted: z.boolean(),
      }),
    ),
    leaves: described(z.nullable(z.string()), 'The device by which the packet leaves; null where it ends.'),
    frames: z.array(frame),
  }),
);

const outcome = z.union([
  z.strictObject({
    kind: z.literal('answered'),
    rttMs: described(z.number().check(z.gte(0)), 'The round-trip time in milliseconds.'),
  }),
  z.strictObject({
    kind: z.literal('lost'),
    packet: described(
      z.nullable(z.enum(['request', 'answer'])),
      'The packet that was lost; null if no frames were captured.',
    ),
    lastSeen: described(
      z.nullable(z.strictObject({ place: z.string(), interface: z.string(), direction })),
      'The last frame of that packet; null if there was none.',
    ),
    place: described(z.string(), 'The place that has the likely cause.'),
    cause: described(z.string(), 'The likely cause, as a sentence.'),
    shows: described(z.nullable(z.string()), 'A command that shows the cause.'),
    repairs: described(z.nullable(z.string()), 'A command that repairs it, if there is one.'),
  }),
]);

/** The output of `heddle lab trace --json`. */
export const traceSchema = schemaOf<TraceReport>()(
  z.strictObject({
    lab: z.string(),
    recipe: z.string(),
    from: end,
    to: end,
    family: z.union([z.literal(4), z.literal(6)]),
    size: bytes,
    noFrames: described(z.nullable(z.string()), 'Why there are look-ups only; null if frames were captured.'),
    hops,
    answerHops: described(hops, 'The way of the answer; empty unless the answer was lost.'),
    translations: described(
      z.array(
        z.strictObject({
          place: z.string(),
          field: z.enum(['source', 'destination']),
          from: z.string(),
          to: z.string(),
          rule: described(z.nullable(z.string()), 'The rule of the firewall; null if it is not known.'),
        }),
      ),
      'The places that changed an address of the echo.',
    ),
    counters: described(
      z.array(z.strictObject({ place: z.string(), name: z.string(), by: naturalNumber })),
      'The counters of losses that rose meanwhile.',
    ),
    firewall: described(
      z.array(
        z.strictObject({
          place: z.string(),
          verdict: z.enum(['drop', 'translate']),
          rule: z.string(),
          shows: command,
        }),
      ),
      'The rules that dropped or translated a packet of the echo, as nft reports them.',
    ),
    suspicions: described(
      z.array(
        z.strictObject({
          place: z.string(),
          stops: described(z.boolean(), 'Whether no packet can pass.'),
          entry: z.enum(['route', 'neighbour', 'fdb', 'peer', 'device', 'address', 'mtu', 'rp_filter']),
          what: z.string(),
          shows: command,
          repairs: described(z.nullable(z.string()), 'A command that repairs the entry.'),
        }),
      ),
      'What the look-ups found that may stop the echo.',
    ),
    outcome,
  }),
);
