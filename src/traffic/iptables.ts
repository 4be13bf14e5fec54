import { formatCidr, parseAddress, parseCidr, type Cidr } from '../network/cidr.ts';
import {
  comments,
  holdsRules,
  masqueradeMark,
  withSuffix,
  type ChainSuffix,
  type RangeMatch,
  type TrafficHook,
  type TrafficRule,
  type TrafficRules,
  type Verdict,
} from './rule.ts';

/** The place of a hook's chain in iptables. */
interface Place {
  readonly table: 'nat' | 'filter';
  /** The chain of the kernel's hook, which jumps to heddle's chain. */
  readonly base: string;
  /** heddle's own chain. */
  readonly chain: string;
  readonly comment: string;
}

const places: Readonly<Record<TrafficHook, Place>> = {
  postrouting: { table: 'nat', base: 'POSTROUTING', chain: 'HEDDLE-POSTRTG', comment: comments.postrouting },
  forward: { table: 'filter', base: 'FORWARD', chain: 'HEDDLE-FWD', comment: comments.forward },
};

/** The chain of heddle for a hook, in iptables and in ip6tables. The chains of daemons on one host differ in their suffixes. */
export function placeOf(hook: TrafficHook, suffix: ChainSuffix): Place {
  const place = places[hook];
  return { ...place, chain: withSuffix(place.chain, suffix) };
}

/** The state of a chain, as `iptables -S` prints it. */
export interface ChainState {
  /** The lines that append a rule to the chain; undefined if the chain does not exist. */
  readonly rules: readonly string[] | undefined;
  /** The lines of the base chain that jump to it. */
  readonly jumps: readonly string[];
}

/** Reads the lines of a table: `iptables-save -t TABLE` or `iptables -t TABLE -S`. */
export function readChain(lines: readonly string[], chain: string): ChainState {
  const isDeclared = lines.some((line) => line === `-N ${chain}` || line.startsWith(`:${chain} `));
  return {
    rules: isDeclared ? lines.filter((line) => line.startsWith(`-A ${chain} `)) : undefined,
    jumps: lines.filter((line) => line.startsWith('-A ') && targetOf(line) === chain),
  };
}

function targetOf(line: string): string | undefined {
  const words = wordsOf(line);
  return words?.[words.indexOf('-j') + 1];
}

/** A change of the rules: the input of `iptables-restore --noflush`, and the reason. */
export interface RulesChange {
  readonly script: string;
  readonly because: string;
}

/**
 * The change that makes a chain as it is wanted, in one transaction of its table; undefined if it is so already. An unwanted chain is
 * removed with every jump to it.
 */
export function planChain(
  hook: TrafficHook,
  found: ChainState,
  wanted: TrafficRules[TrafficHook],
  suffix: ChainSuffix = '',
): RulesChange | undefined {
  const { table, base, chain, comment } = placeOf(hook, suffix);
  const jump = `-A ${base} -m comment --comment "${comment}" -j ${chain}`;
  if (wanted === undefined) return planRemoval(table, chain, found);
  const isFilled = found.rules !== undefined && holdsRules(found.rules.map(readRule), wanted);
  const isJumpedTo =
    found.jumps.length === 1 &&
    found.jumps[0]?.startsWith(`-A ${base} `) === true &&
    isPlainJump(found.jumps[0]);
  if (isFilled && isJumpedTo) return undefined;
  const filling = isFilled ? [] : [`:${chain} - [0:0]`, ...wanted.map((rule) => renderRule(chain, rule))];
  const jumps = isJumpedTo ? [] : [...found.jumps.map(toDeletion), jump];
  return {
    script: transaction(table, [...filling, ...jumps]),
    because: explain(placeOf(hook, suffix), found, isFilled),
  };
}

/** The change that removes a chain and the jumps to it; undefined if the chain does not exist. */
export function planRemoval(table: string, chain: string, found: ChainState): RulesChange | undefined {
  if (found.rules === undefined) return undefined;
  const removal = [...found.jumps.map(toDeletion), `-F ${chain}`, `-X ${chain}`];
  return { script: transaction(table, removal), because: `the chain ${chain} is not wanted` };
}

/** Whether a line jumps without a condition. */
function isPlainJump(line: string): boolean {
  const words = wordsOf(line)?.slice(2) ?? [];
  const rest = words.filter(
    (word, index) =>
      !['-m', '--comment', '-j'].includes(word) &&
      !['-m', '--comment', '-j'].includes(words[index - 1] ?? ''),
  );
  return rest.length === 0;
}

function explain({ table, base, chain }: Place, found: ChainState, isFilled: boolean): string {
  if (found.rules === undefined) return `the chain ${chain} of the table ${table} is missing`;
  if (!isFilled) return `the chain ${chain} of the table ${table} does not have the rules of this network`;
  if (found.jumps.length === 0) return `the chain ${base} of the table ${table} does not jump to ${chain}`;
  return `the chain ${base} of the table ${table} does not jump to ${chain} once and without a condition`;
}

function transaction(table: string, lines: readonly string[]): string {
  return `*${table}\n${lines.join('\n')}\nCOMMIT\n`;
}

/** Turns the line that appends a rule into the line that deletes it. */
function toDeletion(line: string): string {
  return line.replace(/^-A /, '-D ');
}

/** The first version of iptables with `--random-fully`. */
const firstWithRandomFully = [1, 6, 2] as const;

/** Whether this iptables has `--random-fully`, by the output of `iptables --version`. */
export function knowsRandomFully(printed: string): boolean {
  const version = /v(\d+)\.(\d+)\.(\d+)/.exec(printed)?.slice(1).map(Number) ?? [];
  const at = firstWithRandomFully.findIndex((part, index) => version[index] !== part);
  const least = firstWithRandomFully[at];
  return least === undefined || (version[at] ?? 0) > least;
}

/** A rule as a line of `iptables-restore`, in the order in which iptables prints its parts. */
export function renderRule(
  chain: string,
  { isMarked, source, destination, verdict, comment }: TrafficRule,
): string {
  const mark = `0x${masqueradeMark.toString(16)}`;
  return [
    `-A ${chain}`,
    ...renderMatch('-s', source),
    ...renderMatch('-d', destination),
    ...(isMarked ? [`-m mark --mark ${mark}/${mark}`] : []),
    `-m comment --comment "${comment}"`,
    `-j ${verdict.kind.toUpperCase()}`,
    ...(verdict.kind === 'masquerade' && verdict.isFullyRandom ? ['--random-fully'] : []),
  ].join(' ');
}

function renderMatch(option: string, match: RangeMatch | undefined): string[] {
  return match === undefined ? [] : [`${match.isNegated ? '! ' : ''}${option} ${formatCidr(match.range)}`];
}

/** Reads a line that appends a rule. Undefined for a rule with an element that heddle's rules do not have. */
export function readRule(line: string): TrafficRule | undefined {
  const words = wordsOf(line)?.slice(2);
  if (words === undefined) return undefined;
  let isMarked = false;
  let isNegated = false;
  let source: RangeMatch | undefined;
  let destination: RangeMatch | undefined;
  let comment = '';
  let target: string | undefined;
  let isFullyRandom = false;
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at];
    if (word === '!') {
      isNegated = true;
      continue;
    }
    if (word === '--random-fully') {
      isFullyRandom = true;
      continue;
    }
    const value = words[(at += 1)] ?? '';
    switch (word) {
      case '-s':
      case '-d': {
        const range = readRange(value);
        if (range === undefined) return undefined;
        if (word === '-s') source = { range, isNegated };
        else destination = { range, isNegated };
        isNegated = false;
        break;
      }
      case '-m':
        if (value !== 'comment' && value !== 'mark') return undefined;
        break;
      case '--comment':
        comment = value;
        break;
      case '--mark':
        if (isNegated || !/^0x4000\/0x4000$/i.test(value)) return undefined;
        isMarked = true;
        break;
      case '-j':
        target = value;
        break;
      default:
        return undefined;
    }
  }
  const verdict = readVerdict(target, isFullyRandom);
  return verdict === undefined || isNegated ? undefined : { isMarked, source, destination, verdict, comment };
}

function readVerdict(target: string | undefined, isFullyRandom: boolean): Verdict | undefined {
  switch (target) {
    case 'RETURN':
      return { kind: 'return' };
    case 'ACCEPT':
      return { kind: 'accept' };
    case 'MASQUERADE':
      return { kind: 'masquerade', isFullyRandom };
    default:
      return undefined;
  }
}

/** Reads a range, or a single address. */
function readRange(text: string): Cidr | undefined {
  const address = parseAddress(text);
  return address === undefined ? parseCidr(text) : { ...address, prefix: address.family === 4 ? 32 : 128 };
}

/** The words of a line as iptables quotes them; undefined if the line holds anything else. */
function wordsOf(line: string): readonly string[] | undefined {
  // Without this, `!` and `*` would be operators and patterns of a shell.
  const words = line.match(/"(?:[^"\\]|\\.)*"|[^\s"]+/g);
  return words?.map((word) => (word.startsWith('"') ? word.slice(1, -1).replace(/\\(.)/g, '$1') : word));
}
