import * as z from 'zod/mini';
import {
  invert,
  matchAddress,
  matchAll,
  matchDevice,
  type ArrivingPacket,
  type Fate,
  type Match,
} from './packet.ts';

const chainSchema = z.object({
  family: z.string(),
  table: z.string(),
  name: z.string(),
  hook: z.optional(z.string()),
  policy: z.optional(z.string()),
});

const ruleSchema = z.object({
  family: z.string(),
  table: z.string(),
  chain: z.string(),
  expr: z.array(z.record(z.string(), z.unknown())),
});

/** A chain of nftables with its rules. */
export interface NftChain extends z.infer<typeof chainSchema> {
  readonly rules: readonly NftStatement[][];
}

type NftStatement = Readonly<Record<string, unknown>>;

/** Reads the output of `nft -j list ruleset`. Without the tables of iptables, which iptables shows itself. */
export function readNft(json: string): readonly NftChain[] {
  const { nftables } = z
    .object({ nftables: z.array(z.record(z.string(), z.unknown())) })
    .parse(JSON.parse(json));
  const rules = nftables.flatMap(({ rule }) => (rule === undefined ? [] : [ruleSchema.parse(rule)]));
  const chains = nftables.flatMap(({ chain }) => (chain === undefined ? [] : [chainSchema.parse(chain)]));
  return chains
    .filter((chain) => !isOfIptables(chain))
    .map((chain) => ({
      ...chain,
      rules: rules.filter((rule) => isIn(rule, chain) && rule.chain === chain.name).map(({ expr }) => expr),
    }));
}

function isIn(one: { family: string; table: string }, other: { family: string; table: string }): boolean {
  return one.family === other.family && one.table === other.table;
}

/** The chains that the kernel calls have names in capital letters if iptables-nft has made them. */
function isOfIptables({ family, table, name }: z.infer<typeof chainSchema>): boolean {
  const tables = ['filter', 'nat', 'mangle', 'raw', 'security'];
  return /^ip6?$/.test(family) && tables.includes(table) && name === name.toUpperCase();
}

/** The chains that the kernel calls at a hook, for packets of a family. */
export function chainsAt(
  chains: readonly NftChain[],
  hook: string,
  family: ArrivingPacket['family'],
): readonly NftChain[] {
  const families = ['inet', family === 4 ? 'ip' : 'ip6'];
  return chains.filter((chain) => chain.hook === hook && families.includes(chain.family));
}

/** The fate of a packet in a chain that the kernel calls. */
export function passNft(chains: readonly NftChain[], chain: NftChain, packet: ArrivingPacket): Fate {
  const fate = walk(chains, chain, packet, 0);
  if (fate !== 'continue') return fate;
  return chain.policy === 'drop' ? 'drop' : 'accept';
}

/** The deepest nesting of chains that is followed. */
const deepest = 16;

function walk(chains: readonly NftChain[], chain: NftChain, packet: ArrivingPacket, depth: number): Fate {
  if (depth > deepest) return 'maybe';
  for (const rule of chain.rules) {
    const match = matchAll(rule.map((statement) => matchStatement(statement, packet)));
    if (match === false) continue;
    const verdict = rule.find(isVerdict);
    if (verdict === undefined) continue;
    if ('return' in verdict) return match === undefined ? 'maybe' : 'continue';
    const fate = fateOf(chains, chain, verdict, packet, depth);
    if (fate === 'continue' && 'goto' in verdict) return match === undefined ? 'maybe' : 'continue';
    if (fate === 'continue') continue;
    return match === undefined ? 'maybe' : fate;
  }
  return 'continue';
}

const verdicts = ['accept', 'drop', 'reject', 'jump', 'goto', 'return', 'queue', 'vmap'];

function isVerdict(statement: NftStatement): boolean {
  return verdicts.some((name) => name in statement);
}

function fateOf(
  chains: readonly NftChain[],
  from: NftChain,
  verdict: NftStatement,
  packet: ArrivingPacket,
  depth: number,
): Fate {
  if ('accept' in verdict) return 'accept';
  if ('drop' in verdict || 'reject' in verdict) return 'drop';
  const jump = (verdict['jump'] ?? verdict['goto']) as { readonly target?: unknown } | undefined;
  const target = chains.find((chain) => isIn(chain, from) && chain.name === jump?.target);
  return target === undefined ? 'maybe' : walk(chains, target, packet, depth + 1);
}

const matchSchema = z.object({ op: z.string(), left: z.unknown(), right: z.unknown() });

/** Statements that neither restrict a rule nor decide. */
const notes = ['counter', 'log', 'comment', 'mangle', 'notrack', 'ct helper'];

function matchStatement(statement: NftStatement, packet: ArrivingPacket): Match {
  if (isVerdict(statement) || notes.some((name) => name in statement)) return true;
  const read = matchSchema.safeParse(statement['match']);
  if (!read.success) return undefined;
  const { op, left, right } = read.data;
  if (isOfOtherPackets(left, packet)) return false;
  // Only these compare with single values.
  if (!['==', '!=', 'in'].includes(op)) return undefined;
  const match = matchValue(left, right, packet);
  return op === '!=' ? invert(match) : match;
}

/** Whether a field is one of other packets only: then no comparison with it matches, `!=` included. */
function isOfOtherPackets(left: unknown, { family }: ArrivingPacket): boolean {
  const protocol = leftSchema.safeParse(left).data?.payload?.protocol ?? '';
  return [...otherProtocols, family === 4 ? 'ip6' : 'ip'].includes(protocol);
}

const otherProtocols = ['tcp', 'sctp', 'dccp', 'udplite', 'icmp', 'icmpv6', 'igmp', 'esp', 'ah'];

const leftSchema = z.object({
  meta: z.optional(z.object({ key: z.string() })),
  payload: z.optional(z.object({ protocol: z.optional(z.string()), field: z.optional(z.string()) })),
  ct: z.optional(z.object({ key: z.string() })),
});

function matchValue(left: unknown, right: unknown, packet: ArrivingPacket): Match {
  const read = leftSchema.safeParse(left);
  if (!read.success) return undefined;
  const { meta, payload, ct } = read.data;
  if (ct !== undefined) return ct.key === 'state' ? matchAny(right, (text) => text === 'new') : undefined;
  if (meta !== undefined) return matchMeta(meta.key, right, packet);
  if (payload === undefined) return undefined;
  const { field = '' } = payload;
  if (field === 'dport') return matchNumber(right, packet.port);
  if (field === 'saddr') return matchAny(right, (text) => matchAddress(packet.from, text));
  if (field === 'daddr') return matchAny(right, (text) => matchAddress(packet.to, text));
  if (field === 'protocol' || field === 'nexthdr') return matchAny(right, (text) => text === packet.protocol);
  return undefined;
}

function matchMeta(key: string, right: unknown, packet: ArrivingPacket): Match {
  switch (key) {
    case 'iifname':
    case 'iif':
      return matchAny(right, (text) => matchDevice(packet.device, text));
    case 'l4proto':
      return matchAny(right, (text) => text === packet.protocol);
    case 'nfproto':
      return matchAny(right, (text) => text === (packet.family === 4 ? 'ipv4' : 'ipv6'));
    default:
      return undefined;
  }
}

const valueSchema = z.object({
  set: z.optional(z.array(z.unknown())),
  range: z.optional(z.array(z.unknown())),
  prefix: z.optional(z.object({ addr: z.string(), len: z.number() })),
});

/** Whether one of the texts on the right side matches. A named set is not looked up. */
function matchAny(right: unknown, judge: (text: string) => Match): Match {
  if (typeof right === 'string') return right.startsWith('@') ? undefined : judge(right);
  if (Array.isArray(right)) return anyOf(right.map((each) => matchAny(each, judge)));
  const { set, prefix } = valueSchema.safeParse(right).data ?? {};
  if (set !== undefined) return matchAny(set, judge);
  return prefix === undefined ? undefined : judge(`${prefix.addr}/${prefix.len}`);
}

function matchNumber(right: unknown, value: number): Match {
  if (typeof right === 'number') return right === value;
  if (Array.isArray(right)) return anyOf(right.map((each) => matchNumber(each, value)));
  const { set, range } = valueSchema.safeParse(right).data ?? {};
  if (set !== undefined) return matchNumber(set, value);
  const [first, last] = range ?? [];
  if (typeof first !== 'number' || typeof last !== 'number') return undefined;
  return value >= first && value <= last;
}

function anyOf(matches: readonly Match[]): Match {
  if (matches.includes(true)) return true;
  return matches.includes(undefined) ? undefined : false;
}
