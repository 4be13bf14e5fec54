import * as z from 'zod/mini';
import {
  invert,
  matchAddress,
  matchAll,
  matchDevice,
  matchOutDevice,
  type Match,
  type Packet,
} from './packet.ts';
import { walkChains, type Fate, type JudgedRule, type RuleEffect } from './walk-chains.ts';

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
interface NftChain extends z.infer<typeof chainSchema> {
  readonly rules: readonly NftStatement[][];
}

type NftStatement = Readonly<Record<string, unknown>>;

/** Reads the output of `nft -j list ruleset`. Without the tables of iptables, which iptables shows itself. */
export function readNft(json: string): readonly NftChain[] {
  const nftables = readListing(json);
  const rules = nftables.flatMap(({ rule }) => (rule === undefined ? [] : [ruleSchema.parse(rule)]));
  const chains = nftables.flatMap(({ chain }) => (chain === undefined ? [] : [chainSchema.parse(chain)]));
  return chains
    .filter((chain) => !isOfIptables(chain))
    .map((chain) => ({
      ...chain,
      rules: rules.filter((rule) => isIn(rule, chain) && rule.chain === chain.name).map(({ expr }) => expr),
    }));
}

/** A table with chains at the forward hook. */
interface ForwardTable {
  readonly family: string;
  readonly table: string;
  /** Whether iptables-nft has made the chain, so that iptables shows its rules. */
  readonly isOfIptables: boolean;
}

/** The tables with chains at the forward hook, without heddle's own, by the output of `nft -j list chains`. */
export function listForwardTables(json: string): readonly ForwardTable[] {
  const found = readListing(json)
    .flatMap(({ chain }) => (chain === undefined ? [] : [chainSchema.parse(chain)]))
    .filter(({ family, table, hook }) => {
      return hook === 'forward' && /^(?:ip6?|inet)$/.test(family) && !/^heddle-ipv[46]/.test(table);
    });
  return found
    .map((chain) => ({ family: chain.family, table: chain.table, isOfIptables: isOfIptables(chain) }))
    .filter((one, index, all) => all.findIndex((other) => isIn(one, other)) === index);
}

/** Makes one output of `nft -j` of several. */
export function joinListings(listings: readonly string[]): string {
  return JSON.stringify({ nftables: listings.flatMap(readListing) });
}

function readListing(json: string): readonly Readonly<Record<string, unknown>>[] {
  return z.object({ nftables: z.array(z.record(z.string(), z.unknown())) }).parse(JSON.parse(json)).nftables;
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
  family: Packet['family'],
): readonly NftChain[] {
  const families = ['inet', family === 4 ? 'ip' : 'ip6'];
  return chains.filter((chain) => chain.hook === hook && families.includes(chain.family));
}

/** The fate of a packet in a chain that the kernel calls. */
export function passNft(chains: readonly NftChain[], chain: NftChain, packet: Packet): Fate {
  const rulesOf = (name: string): readonly JudgedRule[] | undefined =>
    chains
      .find((other) => isIn(other, chain) && other.name === name)
      ?.rules.map((rule) => judgeRule(rule, packet));
  return walkChains(rulesOf, chain.name, chain.policy === 'drop' ? 'drop' : 'accept');
}

const verdicts = ['accept', 'drop', 'reject', 'jump', 'goto', 'return', 'queue', 'vmap'];

function isVerdict(statement: NftStatement): boolean {
  return verdicts.some((name) => name in statement);
}

function judgeRule(rule: readonly NftStatement[], packet: Packet): JudgedRule {
  const verdict = rule.find(isVerdict);
  return {
    match: matchAll(rule.map((statement) => matchStatement(statement, packet))),
    effect: verdict === undefined ? { kind: 'none' } : effectOf(verdict),
  };
}

const targetSchema = z.object({ target: z.string() });

function effectOf(verdict: NftStatement): RuleEffect {
  if ('accept' in verdict) return { kind: 'fate', fate: 'accept' };
  if ('drop' in verdict || 'reject' in verdict) return { kind: 'fate', fate: 'drop' };
  if ('return' in verdict) return { kind: 'return' };
  const target = targetSchema.safeParse(verdict['jump'] ?? verdict['goto']);
  if (!target.success) return { kind: 'fate', fate: 'maybe' };
  return { kind: 'chain', chain: target.data.target, comesBack: 'jump' in verdict };
}

const matchSchema = z.object({ op: z.string(), left: z.unknown(), right: z.unknown() });

/** Statements that neither restrict a rule nor decide. */
const notes = ['counter', 'log', 'comment', 'mangle', 'notrack', 'ct helper'];

function matchStatement(statement: NftStatement, packet: Packet): Match {
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
function isOfOtherPackets(left: unknown, { family, protocol: own }: Packet): boolean {
  const protocol = leftSchema.safeParse(left).data?.payload?.protocol ?? '';
  return protocol !== own && [...protocols, family === 4 ? 'ip6' : 'ip'].includes(protocol);
}

const protocols = ['udp', 'tcp', 'sctp', 'dccp', 'udplite', 'icmp', 'icmpv6', 'igmp', 'esp', 'ah'];

const leftSchema = z.object({
  meta: z.optional(z.object({ key: z.string() })),
  payload: z.optional(z.object({ protocol: z.optional(z.string()), field: z.optional(z.string()) })),
  ct: z.optional(z.object({ key: z.string() })),
});

function matchValue(left: unknown, right: unknown, packet: Packet): Match {
  const read = leftSchema.safeParse(left);
  if (!read.success) return undefined;
  const { meta, payload, ct } = read.data;
  if (ct !== undefined) return matchConnection(ct.key, right);
  if (meta !== undefined) return matchMeta(meta.key, right, packet);
  if (payload === undefined) return undefined;
  const { field = '' } = payload;
  if (field === 'dport') return matchNumber(right, packet.port);
  if (field === 'saddr') return matchAny(right, (text) => matchAddress(packet.from, text));
  if (field === 'daddr') return matchAny(right, (text) => matchAddress(packet.to, text));
  if (field === 'protocol' || field === 'nexthdr') return matchAny(right, (text) => text === packet.protocol);
  return undefined;
}

/** The packet begins a connection, which nobody has translated yet. */
function matchConnection(key: string, right: unknown): Match {
  if (key === 'state') return matchAny(right, (text) => text === 'new');
  return key === 'status' ? matchAny(right, () => false) : undefined;
}

function matchMeta(key: string, right: unknown, packet: Packet): Match {
  switch (key) {
    case 'iifname':
    case 'iif':
      return matchAny(right, (text) => matchDevice(packet.device, text));
    case 'oifname':
    case 'oif':
      return matchAny(right, (text) => matchOutDevice(packet, text));
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
