import type { FirewallVerdict } from './report.ts';

/** The table that makes the kernel report how rules treat packets. It disappears with the process that made it. */
const tracingTable = 'heddle-trace';

/** The line that the script below prints when the rules are in place. */
export const tracingReady = `table inet ${tracingTable}`;

/**
 * Lines for `nft --interactive`, which make the kernel report the rules that a packet passes, and print the reports. TCP is left out: a
 * store may use it meanwhile.
 */
export const tracingScript = `${[
  `add table inet ${tracingTable} { flags owner; }`,
  ...['prerouting', 'output'].flatMap((hook) => [
    `add chain inet ${tracingTable} ${hook} { type filter hook ${hook} priority -350; }`,
    `add rule inet ${tracingTable} ${hook} meta l4proto != tcp meta nftrace set 1`,
  ]),
  `list table inet ${tracingTable}`,
  'monitor trace',
].join('\n')}\n`;

/** Targets and statements that change a packet's addresses. */
const translations = /\b(?:masquerade|snat|dnat|redirect)\b/i;

/**
 * Reads the output of `nft monitor trace`: the rules that dropped or translated a packet.
 *
 * @param isRelevant whether a packet is meant, by nft's description of it
 */
export function readTracing(
  place: string,
  text: string,
  isRelevant: (packet: string) => boolean,
): readonly FirewallVerdict[] {
  const relevant = new Set<string>();
  const verdicts: FirewallVerdict[] = [];
  for (const line of text.split('\n')) {
    const [, id = '', family = '', table = '', chain = '', rest = ''] =
      /^trace id (\S+) (\S+) (\S+) (\S+) (.*)$/.exec(line) ?? [];
    if (id === '' || table === tracingTable) {
      if (rest.startsWith('packet:') && isRelevant(rest)) relevant.add(id);
      continue;
    }
    if (rest.startsWith('packet:')) {
      if (isRelevant(rest)) relevant.add(id);
      continue;
    }
    if (!relevant.has(id)) continue;
    const verdict = readVerdict(rest);
    if (verdict === undefined) continue;
    const [, rule = ''] = /^rule (.*?) \(verdict [a-z]+.*\)$/.exec(rest.trim()) ?? [];
    const what = rule === '' ? 'its policy' : rule.replace(/counter packets \d+ bytes \d+ /, '');
    const found = {
      place,
      verdict,
      rule: `table ${family} ${table}, chain ${chain}: ${what}`,
      shows: showCommand(family, table, chain),
    };
    if (!verdicts.some((each) => each.rule === found.rule)) verdicts.push(found);
  }
  return verdicts;
}

function readVerdict(rest: string): FirewallVerdict['verdict'] | undefined {
  if (/^policy drop\b|\(verdict drop\)/.test(rest)) return 'drop';
  return rest.startsWith('rule ') && translations.test(rest) ? 'translate' : undefined;
}

/** The tables that iptables-nft keeps. */
const iptablesTables = ['filter', 'nat', 'mangle', 'raw', 'security'];

function showCommand(family: string, table: string, chain: string): string {
  const tool = { ip: 'iptables', ip6: 'ip6tables' }[family];
  if (tool !== undefined && iptablesTables.includes(table) && chain === chain.toUpperCase()) {
    return `${tool} -t ${table} -vnL ${chain} --line-numbers`;
  }
  return `nft -a list chain ${family} ${table} ${chain}`;
}
