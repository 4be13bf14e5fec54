import { formatCidr, parseCidr, type Cidr, type Family } from '../network/cidr.ts';

/** A range that the source or the destination of a packet lies in, or does not lie in. */
export interface RangeMatch {
  readonly range: Cidr;
  readonly isNegated: boolean;
}

/** The end of a packet's way through a chain. `return` leaves the packet to the later chains. */
export type Verdict =
  | { readonly kind: 'return' }
  | { readonly kind: 'accept' }
  /** The packet gets this node's address as its source. `isFullyRandom`: its port is chosen at random (iptables' --random-fully). */
  | { readonly kind: 'masquerade'; readonly isFullyRandom: boolean };

/** A rule of a chain. It applies only if all its matches hold. */
export interface TrafficRule {
  /** Matches only packets with Kubernetes' masquerade mark, which its own rules handle. */
  readonly isMarked: boolean;
  readonly source: RangeMatch | undefined;
  readonly destination: RangeMatch | undefined;
  readonly verdict: Verdict;
  /** The comment that names heddle as the owner. */
  readonly comment: string;
}

/** The mark of Kubernetes, as value and as mask. */
export const masqueradeMark = 0x4000;

/** The suffix of the names of heddle's chains and tables; empty for none. It distinguishes the daemons of one host. */
export type ChainSuffix = string;

/** Whether a text can be a suffix: iptables takes names of at most 28 characters, and heddle's longest one has 14. */
export function isChainSuffix(text: string): boolean {
  return /^[A-Za-z0-9_-]{0,13}$/.test(text);
}

/** A name of heddle's with the suffix of a daemon. */
export function withSuffix(name: string, suffix: ChainSuffix): string {
  return suffix === '' ? name : `${name}-${suffix}`;
}

/** The comments of heddle's rules. */
export const comments = { postrouting: 'heddle masq', forward: 'heddle forward' } as const;

/** The chains of one address family. A chain that is undefined is not wanted. */
export interface TrafficRules {
  readonly postrouting: readonly TrafficRule[] | undefined;
  readonly forward: readonly TrafficRule[] | undefined;
}

/** The hooks where heddle has a chain. */
export type TrafficHook = keyof TrafficRules;
export const trafficHooks: readonly TrafficHook[] = ['postrouting', 'forward'];

/** The rules that an operator asks for. */
export interface TrafficWishes {
  /** Gives packets that leave the network this node's address (`--ip-masq`). */
  readonly masquerade: boolean;
  /** Chooses the ports of masqueraded connections at random, where the tool can. */
  readonly fullyRandom: boolean;
  /** Accepts packets from and to the network that this node forwards (`--iptables-forward-rules`). */
  readonly forward: boolean;
}

/** Addresses of multicast, which are not masqueraded. */
const multicast: Readonly<Record<Family, string>> = { 4: '224.0.0.0/4', 6: 'ff00::/8' };

/** The rules without any chain. */
export const noRules: TrafficRules = { postrouting: undefined, forward: undefined };

/** The rules of one address family: flannel's matches, targets and order (flannel 0.28.9, `pkg/trafficmngr`). */
export function listTrafficRules(network: Cidr, subnet: Cidr, wishes: TrafficWishes): TrafficRules {
  return {
    postrouting: wishes.masquerade ? masqueradeRules(network, subnet, wishes.fullyRandom) : undefined,
    forward: wishes.forward ? forwardRules(network) : undefined,
  };
}

function masqueradeRules(network: Cidr, subnet: Cidr, isFullyRandom: boolean): TrafficRule[] {
  const base = { isMarked: false, source: undefined, destination: undefined, comment: comments.postrouting };
  const leave: Verdict = { kind: 'return' };
  const masquerade: Verdict = { kind: 'masquerade', isFullyRandom };
  return [
    { ...base, isMarked: true, verdict: leave },
    // Pods of different nodes see each other's addresses.
    { ...base, source: within(subnet), destination: within(network), verdict: leave },
    { ...base, source: within(network), destination: within(subnet), verdict: leave },
    // A client outside that reaches a pod of this node keeps its address.
    { ...base, source: outside(network), destination: within(subnet), verdict: leave },
    { ...base, source: within(network), destination: outside(multicastOf(network)), verdict: masquerade },
    { ...base, source: outside(network), destination: within(network), verdict: masquerade },
  ];
}

function forwardRules(network: Cidr): TrafficRule[] {
  const base = { isMarked: false, comment: comments.forward, verdict: { kind: 'accept' } as const };
  return [
    { ...base, source: within(network), destination: undefined },
    { ...base, source: undefined, destination: within(network) },
  ];
}

function within(range: Cidr): RangeMatch {
  return { range, isNegated: false };
}

function outside(range: Cidr): RangeMatch {
  return { range, isNegated: true };
}

function multicastOf({ family }: Cidr): Cidr {
  const range = parseCidr(multicast[family]);
  if (range === undefined) throw new Error('the range of multicast is not readable');
  return range;
}

/** The rule for a tool that cannot choose the ports of masqueraded connections at random. */
export function withoutRandomPorts(rule: TrafficRule): TrafficRule {
  if (rule.verdict.kind !== 'masquerade') return rule;
  return { ...rule, verdict: { kind: 'masquerade', isFullyRandom: false } };
}

/** Describes a rule as a text that is equal for equal rules. */
export function describeRule({ isMarked, source, destination, verdict, comment }: TrafficRule): string {
  const parts = [
    isMarked ? 'marked' : '',
    describeMatch('from', source),
    describeMatch('to', destination),
    describeVerdict(verdict),
    `(${comment})`,
  ];
  return parts.filter((part) => part !== '').join(' ');
}

function describeMatch(name: string, match: RangeMatch | undefined): string {
  return match === undefined ? '' : `${name} ${match.isNegated ? 'outside ' : ''}${formatCidr(match.range)}`;
}

function describeVerdict(verdict: Verdict): string {
  if (verdict.kind !== 'masquerade') return verdict.kind;
  return verdict.isFullyRandom ? 'masquerade fully random' : 'masquerade';
}

/** Whether a chain holds exactly these rules, in this order. A rule that could not be read is undefined. */
export function holdsRules(
  found: readonly (TrafficRule | undefined)[],
  wanted: readonly TrafficRule[],
): boolean {
  return (
    found.length === wanted.length &&
    wanted.every((rule, index) => {
      const other = found[index];
      return other !== undefined && describeRule(other) === describeRule(rule);
    })
  );
}
