import type { Family } from '../../network/cidr.ts';

/** One look-up that decided about the packet. */
export interface LookUp {
  readonly table: 'route' | 'rule' | 'neighbour' | 'fdb' | 'bridge' | 'wireguard' | 'tunnel' | 'nat';
  /** The entry, or its absence. */
  readonly found: string;
  /** The command that shows it, inside the place. */
  readonly command: string;
}

/** The encapsulation that a device adds. */
export interface Encapsulation {
  readonly device: string;
  readonly kind: string;
  readonly source: string | null;
  readonly destination: string;
  readonly port: number | null;
  readonly vni: number | null;
  /** The bytes that it adds to a packet. */
  readonly overhead: number;
  readonly encrypted: boolean;
}

/** An observation that explains, or may explain, why a packet does not arrive. */
export interface Suspicion {
  readonly place: string;
  /** Whether no packet can pass, or one only goes an unexpected way. */
  readonly stops: boolean;
  readonly entry: 'route' | 'neighbour' | 'fdb' | 'peer' | 'device' | 'address' | 'mtu' | 'rp_filter';
  /** A sentence without a full stop. */
  readonly what: string;
  /** The command that shows the entry, inside the place. */
  readonly shows: string;
  /** The command that repairs the entry, inside the place; null if there are several ways. */
  readonly repairs: string | null;
}

/** A frame that carried the packet. */
export interface SeenFrame {
  readonly place: string;
  readonly interface: string;
  readonly direction: 'in' | 'out';
  /** The packet in it: the one that was sent, the answer, or a router's error. */
  readonly packet: 'request' | 'answer' | 'error';
  /** Microseconds after the first frame. */
  readonly afterUs: number;
  readonly source: string;
  readonly destination: string;
  /** The size of the IP packet in bytes, encapsulation included. */
  readonly size: number;
  readonly dontFragment: boolean;
  /** Whether the frame carries only a part of the packet. */
  readonly isFragment: boolean;
  /** The encapsulated packet; null if the frame has it unencapsulated, or encrypted. */
  readonly inner: { readonly source: string; readonly destination: string; readonly size: number } | null;
  readonly encapsulation: 'vxlan' | 'gre' | 'ip' | 'udp' | null;
  readonly vni: number | null;
  readonly ports: { readonly source: number; readonly destination: number } | null;
  readonly encrypted: boolean;
  /** The meaning of an error, and the size that it allows; null for other packets. */
  readonly error: {
    readonly what: 'too-big' | 'unreachable' | 'prohibited' | 'other';
    readonly mtu: number | null;
  } | null;
}

/** One place on the way: a pod, a node or the underlay. */
export interface Hop {
  readonly place: string;
  /** The device on which the packet arrives; null at its origin. */
  readonly arrives: string | null;
  readonly lookUps: readonly LookUp[];
  readonly encapsulation: Encapsulation | null;
  /** The device by which the packet leaves; null if it goes no further. */
  readonly leaves: string | null;
  readonly frames: readonly SeenFrame[];
}

export interface RisenCounter {
  readonly place: string;
  readonly name: string;
  readonly by: number;
}

/** The rule of a firewall that dropped or translated the packet. */
export interface FirewallVerdict {
  readonly place: string;
  readonly verdict: 'drop' | 'translate';
  /** The rule with its table and chain. */
  readonly rule: string;
  /** The command that shows the rule, inside the place. */
  readonly shows: string;
}

/** A change of the packet's addresses on the way. */
export interface Translation {
  readonly place: string;
  readonly field: 'source' | 'destination';
  readonly from: string;
  readonly to: string;
  /** The rule; null if it is not known. */
  readonly rule: string | null;
}

export type TraceOutcome =
  | { readonly kind: 'answered'; readonly rttMs: number }
  | {
      readonly kind: 'lost';
      /** The packet that was lost; null if no frames were captured. */
      readonly packet: 'request' | 'answer' | null;
      readonly lastSeen: {
        readonly place: string;
        readonly interface: string;
        readonly direction: 'in' | 'out';
      } | null;
      /** The place that has the cause. */
      readonly place: string;
      /** The likely cause, as a sentence without a full stop. */
      readonly cause: string;
      /** The commands that show and repair the cause, ready for a shell; null if none is known. */
      readonly shows: string | null;
      readonly repairs: string | null;
    };

/** The output of `lab trace --json`. */
export interface TraceReport {
  readonly lab: string;
  readonly recipe: string;
  readonly from: { readonly place: string; readonly address: string };
  readonly to: { readonly place: string; readonly address: string };
  readonly family: Family;
  /** The size of the echo as an IP packet, in bytes. */
  readonly size: number;
  /** The reason why frames are missing; null if they were captured. */
  readonly noFrames: string | null;
  readonly hops: readonly Hop[];
  /** The way of the answer; empty unless the answer was lost. */
  readonly answerHops: readonly Hop[];
  readonly translations: readonly Translation[];
  readonly counters: readonly RisenCounter[];
  readonly firewall: readonly FirewallVerdict[];
  readonly suspicions: readonly Suspicion[];
  readonly outcome: TraceOutcome;
}
