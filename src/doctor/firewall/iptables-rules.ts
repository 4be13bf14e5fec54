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

/** The filter table of iptables or ip6tables, as `iptables-save` prints it. */
interface IptablesTable {
  /** The policies of the chains that the kernel calls. */
  readonly policies: ReadonlyMap<string, string>;
  /** The rules of each chain, as words. */
  readonly chains: ReadonlyMap<string, readonly (readonly string[])[]>;
}

/** Reads the output of `iptables-save -t filter`. */
export function readIptables(printed: string): IptablesTable {
  const policies = new Map<string, string>();
  const chains = new Map<string, (readonly string[])[]>();
  for (const line of printed.split('\n')) {
    const [, name, policy = '-'] = /^:(\S+) (\S+)/.exec(line) ?? [];
    if (name !== undefined) {
      chains.set(name, chains.get(name) ?? []);
      if (policy !== '-') policies.set(name, policy);
    }
    const [, chain = '', rule] = /^-A (\S+) ?(.*)$/.exec(line) ?? [];
    if (rule !== undefined) chains.set(chain, [...(chains.get(chain) ?? []), splitWords(rule)]);
  }
  return { policies, chains };
}

/** Splits a rule at blanks; a comment in double quotes is one word. */
function splitWords(rule: string): readonly string[] {
  return [...rule.matchAll(/"((?:\\.|[^"\\])*)"|(\S+)/g)].map((match) => match[1] ?? match[2] ?? '');
}

/** The fate of a packet in a chain that the kernel calls. */
export function passIptables(table: IptablesTable, chain: string, packet: Packet): Fate {
  const rulesOf = (name: string): readonly JudgedRule[] | undefined =>
    table.chains.get(name)?.map((words) => judgeRule(table, words, packet));
  return walkChains(rulesOf, chain, table.policies.get(chain) === 'DROP' ? 'drop' : 'accept');
}

function judgeRule(table: IptablesTable, words: readonly string[], packet: Packet): JudgedRule {
  const { match, target, isGoto } = readRule(words, packet);
  return { match, effect: effectOf(table, target, isGoto) };
}

function effectOf(table: IptablesTable, target: string | undefined, isGoto: boolean): RuleEffect {
  if (target === 'RETURN') return { kind: 'return' };
  if (target === 'ACCEPT') return { kind: 'fate', fate: 'accept' };
  if (target === 'DROP' || target === 'REJECT') return { kind: 'fate', fate: 'drop' };
  if (target === 'NFQUEUE') return { kind: 'fate', fate: 'maybe' };
  if (target !== undefined && table.chains.has(target)) {
    return { kind: 'chain', chain: target, comesBack: !isGoto };
  }
  // Any other target changes or notes the packet.
  return { kind: 'none' };
}

/** Options that do not restrict a rule, with one value each. */
const notes = [
  '-m',
  '--comment',
  '--reject-with',
  '--log-prefix',
  '--log-level',
  '--set-mark',
  '--set-xmark',
];

function readRule(
  words: readonly string[],
  packet: Packet,
): { readonly match: Match; readonly target: string | undefined; readonly isGoto: boolean } {
  const matches: Match[] = [];
  let target: string | undefined;
  let isGoto = false;
  for (let at = 0; at < words.length; at += 1) {
    const isInverted = words[at] === '!';
    if (isInverted) at += 1;
    const option = words[at] ?? '';
    // Some options of modules have no value, and some have two: the second one stands where an option could.
    const hasValue = notes.includes(option) || !/^(?:-|!$)/.test(words[at + 1] ?? '-');
    const value = hasValue ? (words[at + 1] ?? '') : '';
    if (hasValue) at += 1;
    if (option === '-j' || option === '-g') {
      target = value;
      isGoto = option === '-g';
    } else if (!notes.includes(option)) {
      const match = matchOption(option, value, packet);
      matches.push(isInverted ? invert(match) : match);
    }
    // What follows a target are its own options.
    if (target !== undefined) break;
  }
  return { match: matchAll(matches), target, isGoto };
}

function matchOption(option: string, value: string, packet: Packet): Match {
  switch (option) {
    case '-p':
      return value === packet.protocol || value === 'all';
    case '-i':
      return matchDevice(packet.device, value);
    case '-o':
      return matchOutDevice(packet, value);
    case '-s':
      return matchAddress(packet.from, value);
    case '-d':
      return matchAddress(packet.to, value);
    case '--dport':
    case '--dports':
      return value.split(',').some((range) => isInRange(packet.port, range));
    case '--state':
    case '--ctstate':
      // The first packet of a peer is of a new connection.
      return value.split(',').includes('NEW');
    default:
      return undefined;
  }
}

function isInRange(port: number, range: string): boolean {
  const [first = '', last = first] = range.split(':');
  return port >= Number(first) && port <= Number(last === '' ? 65_535 : last);
}
