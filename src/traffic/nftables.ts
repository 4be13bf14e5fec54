import { formatCidr, parseAddress, parseCidr, type Cidr, type Family } from '../network/cidr.ts';
import { familyKey } from '../network/per-family.ts';
import {
  holdsRules,
  masqueradeMark,
  trafficHooks,
  withSuffix,
  type ChainSuffix,
  type RangeMatch,
  type TrafficHook,
  type TrafficRule,
  type TrafficRules,
  type Verdict,
} from './rule.ts';

/** A base chain: its name, and the hook that the kernel calls it at. */
interface BaseChain {
  readonly name: string;
  readonly type: string;
  readonly hook: string;
  /** nft's names of priorities, and their numbers (`NF_IP_PRI_FILTER`, `NF_IP_PRI_NAT_SRC`). */
  readonly priority: { readonly name: string; readonly value: number };
}

const baseChains: Readonly<Record<TrafficHook, BaseChain>> = {
  postrouting: {
    name: 'postrtg',
    type: 'nat',
    hook: 'postrouting',
    priority: { name: 'srcnat', value: 100 },
  },
  forward: { name: 'forward', type: 'filter', hook: 'forward', priority: { name: 'filter', value: 0 } },
};

/** The names of a family in nft's language. */
export const nftFamilies: Readonly<Record<Family, 'ip' | 'ip6'>> = { 4: 'ip', 6: 'ip6' };

/** The name of heddle's table of a family. */
export function tableName(family: Family, suffix: ChainSuffix = ''): string {
  return withSuffix(`heddle-${familyKey(family)}`, suffix);
}

/** An `nft` script that replaces heddle's table of a family, in one transaction; it removes the table if no chain is wanted. */
export function renderHeddleTable(family: Family, rules: TrafficRules, suffix: ChainSuffix = ''): string {
  const table = `table ${nftFamilies[family]} ${tableName(family, suffix)}`;
  const chains = trafficHooks.flatMap((hook) => {
    const wanted = rules[hook];
    return wanted === undefined ? [] : renderChain(family, hook, wanted);
  });
  const content = chains.length === 0 ? [] : [`${table} {`, ...chains, '}'];
  // Adding the table first lets the deletion succeed if the table does not exist.
  return [`add ${table}`, `delete ${table}`, ...content, ''].join('\n');
}

function renderChain(family: Family, hook: TrafficHook, rules: readonly TrafficRule[]): string[] {
  const { name, type, hook: at, priority } = baseChains[hook];
  return [
    `  chain ${name} {`,
    `    type ${type} hook ${at} priority ${priority.name}; policy accept;`,
    ...rules.map((rule) => `    ${renderRule(family, rule)}`),
    '  }',
  ];
}

function renderRule(
  family: Family,
  { isMarked, source, destination, verdict, comment }: TrafficRule,
): string {
  return [
    // The mask is the mark itself, as in iptables' `--mark 0x4000/0x4000`: other bits may be set too.
    ...(isMarked ? [`meta mark and ${masqueradeMark} == ${masqueradeMark}`] : []),
    ...renderMatch(family, 'saddr', source),
    ...renderMatch(family, 'daddr', destination),
    renderVerdict(verdict),
    `comment "${comment}"`,
  ].join(' ');
}

function renderMatch(family: Family, field: string, match: RangeMatch | undefined): string[] {
  if (match === undefined) return [];
  return [`${nftFamilies[family]} ${field} ${match.isNegated ? '!= ' : ''}${formatCidr(match.range)}`];
}

function renderVerdict(verdict: Verdict): string {
  return verdict.kind === 'masquerade' && verdict.isFullyRandom ? 'masquerade fully-random' : verdict.kind;
}

/** The objects of `nft -j list table` that are read here. */
type Listing = readonly Readonly<Record<string, unknown>>[];

/**
 * Compares heddle's table of a family with its rules. Returns the reason to replace the table; undefined if it is right.
 *
 * @param json the output of `nft -j list table`; undefined if the table does not exist
 */
export function findTableTrouble(
  family: Family,
  rules: TrafficRules,
  json: string | undefined,
  suffix: ChainSuffix = '',
): string | undefined {
  const wanted = trafficHooks.flatMap((hook) => (rules[hook] === undefined ? [] : [hook]));
  const table = `the nftables table ${tableName(family, suffix)}`;
  if (json === undefined) return wanted.length === 0 ? undefined : `${table} is missing`;
  if (wanted.length === 0) return `${table} is not wanted`;
  const listing = readListing(json);
  const names = chainsIn(listing);
  const strange = names.find((name) => wanted.every((hook) => baseChains[hook].name !== name));
  if (strange !== undefined) return `${table} has a chain ${strange}, which is not heddle's`;
  for (const hook of wanted) {
    const { name } = baseChains[hook];
    if (!names.includes(name)) return `${table} does not have the chain ${name}`;
    if (!isBaseChain(listing, hook)) return `the chain ${name} of ${table} is not at its hook`;
    const found = rulesIn(listing, name).map(readNftRule);
    if (!holdsRules(found, rules[hook] ?? []))
      return `the chain ${name} of ${table} does not have the rules of this network`;
  }
  return undefined;
}

function readListing(json: string): Listing {
  const { nftables } = JSON.parse(json) as { readonly nftables?: unknown };
  return Array.isArray(nftables) ? (nftables as Listing) : [];
}

function chainsIn(listing: Listing): string[] {
  return listing.flatMap(({ chain }) => (isObject(chain) ? [String(chain['name'])] : []));
}

function isBaseChain(listing: Listing, hook: TrafficHook): boolean {
  const { name, type, hook: at, priority } = baseChains[hook];
  return listing.some(
    ({ chain }) =>
      isObject(chain) &&
      chain['name'] === name &&
      chain['type'] === type &&
      chain['hook'] === at &&
      chain['prio'] === priority.value &&
      chain['policy'] === 'accept',
  );
}

type NftRule = Readonly<Record<string, unknown>>;

function rulesIn(listing: Listing, chain: string): NftRule[] {
  return listing.flatMap(({ rule }) => (isObject(rule) && rule['chain'] === chain ? [rule] : []));
}

/** Reads a rule of `nft -j`. Undefined for a rule with an element that heddle's rules do not have. */
export function readNftRule({ expr, comment }: NftRule): TrafficRule | undefined {
  let isMarked = false;
  let source: RangeMatch | undefined;
  let destination: RangeMatch | undefined;
  let verdict: Verdict | undefined;
  for (const statement of Array.isArray(expr) ? (expr as readonly unknown[]) : []) {
    if (!isObject(statement)) return undefined;
    const [name = ''] = Object.keys(statement);
    const value = statement[name];
    if (name === 'match') {
      const match = readMatch(value);
      if (match === undefined) return undefined;
      if (match.field === 'mark') isMarked = true;
      else if (match.field === 'saddr') source = match;
      else destination = match;
    } else {
      verdict = readVerdict(name, value);
      if (verdict === undefined) return undefined;
    }
  }
  if (verdict === undefined) return undefined;
  return { isMarked, source, destination, verdict, comment: typeof comment === 'string' ? comment : '' };
}

function readVerdict(name: string, value: unknown): Verdict | undefined {
  if (name === 'return' || name === 'accept') return { kind: name };
  if (name !== 'masquerade') return undefined;
  if (value === null) return { kind: 'masquerade', isFullyRandom: false };
  // One flag is a text in some versions of nft, a list in others.
  const flags = isObject(value) ? [value['flags']].flat() : [];
  return flags.length === 1 && flags[0] === 'fully-random'
    ? { kind: 'masquerade', isFullyRandom: true }
    : undefined;
}

type NftMatch = { readonly field: 'mark' } | ({ readonly field: 'saddr' | 'daddr' } & RangeMatch);

function readMatch(value: unknown): NftMatch | undefined {
  if (!isObject(value)) return undefined;
  const { op, left, right } = value;
  if (!isObject(left)) return undefined;
  if (isMarkMask(left)) return op === '==' && right === masqueradeMark ? { field: 'mark' } : undefined;
  const payload = left['payload'];
  if (!isObject(payload) || (op !== '==' && op !== '!=')) return undefined;
  const { field } = payload;
  const range = readRange(right);
  if ((field !== 'saddr' && field !== 'daddr') || range === undefined) return undefined;
  return { field, range, isNegated: op === '!=' };
}

/** Whether an expression is the mark under its mask. */
function isMarkMask(left: Readonly<Record<string, unknown>>): boolean {
  const operands = left['&'];
  if (!Array.isArray(operands)) return false;
  const [meta, mask] = operands as readonly unknown[];
  const key = isObject(meta) && isObject(meta['meta']) ? meta['meta']['key'] : undefined;
  return key === 'mark' && mask === masqueradeMark;
}

/** Reads a prefix, or a single address. */
function readRange(value: unknown): Cidr | undefined {
  if (typeof value === 'string') {
    const address = parseAddress(value);
    return address && { ...address, prefix: address.family === 4 ? 32 : 128 };
  }
  const prefix = isObject(value) ? value['prefix'] : undefined;
  return isObject(prefix) ? parseCidr(`${String(prefix['addr'])}/${String(prefix['len'])}`) : undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
