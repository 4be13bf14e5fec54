import { isFallbackDevice } from './kernel/fallback-devices.ts';

/**
 * A script that prints the content of a network namespace, one section for each kind. nftables tables that iptables keeps are left to
 * `iptables-save`, which shows their rules without the empty chains that iptables never removes.
 */
export const traceScript = `
echo '# link'; ip -o link show
echo '# address'; ip -o address show
echo '# route'; ip -o route show table all
echo '# rule'; ip rule show; ip -6 rule show 2>/dev/null
echo '# neighbour'; ip neighbour show nud permanent
echo '# fdb'; bridge fdb show
if command -v nft >/dev/null; then echo '# nftables'; nft list tables; fi
if command -v iptables-save >/dev/null; then echo '# iptables'; iptables-save; fi
if command -v ip6tables-save >/dev/null; then echo '# ip6tables'; ip6tables-save; fi
true`;

/** The functions that turn one line of a section into a trace to compare; undefined for a line that the kernel alone causes. */
const readers: Readonly<Record<string, (line: string) => string | undefined>> = {
  // The name and the MTU are compared, but not the flags, which follow the carrier.
  link: (line) =>
    isFallbackDevice(/^\d+: ([^:@]+)/.exec(line)?.[1] ?? '')
      ? undefined
      : line.replace(/^\d+: ([^:@]+)(?:@\S+)?:.* mtu (\d+) .*$/, '$1 mtu $2'),
  address: (line) => (isLinkLocal(line) ? undefined : line.replace(/^\d+: (\S+)\s+(inet6? \S+).*$/, '$1 $2')),
  route: (line) =>
    isLinkLocal(line) || isOfAddress(line)
      ? undefined
      : line.replace(/ (?:linkdown|dead|expires \S+)(?= |$)/g, '').trim(),
  rule: (line) => line.replace(/\s+/g, ' '),
  neighbour: (line) => line.trim(),
  fdb: (line) => (isMulticastMac(line) ? undefined : line.trim()),
  nftables: (line) => (/^table ip6? (?:nat|filter|mangle|raw|security)$/.test(line) ? undefined : line),
  iptables: readSavedRule,
  ip6tables: readSavedRule,
};

/**
 * Whether a line is for link-local addresses or routes. The kernel adds them to every interface with its carrier, and removes them with it.
 */
function isLinkLocal(line: string): boolean {
  return /(?:^| )(?:fe80:|ff00::\/8)/.test(line);
}

/**
 * Whether a line is for a route that the kernel keeps for an address. The address is compared itself. An interface with its carrier has such
 * a route for each IPv6 address, and a host that forwards has one more.
 */
function isOfAddress(line: string): boolean {
  return / table local .*\bproto kernel\b/.test(line);
}

/**
 * Whether a line is for a multicast MAC. An interface listens to groups as long as it is up; only other forwarding entries are added on
 * purpose.
 */
function isMulticastMac(line: string): boolean {
  return /^[0-9a-f][13579bdf]:/i.test(line);
}

/** Reads a rule or chain that somebody added; undefined for counters and built-in chains. */
function readSavedRule(line: string): string | undefined {
  if (line.startsWith('-A ')) return line;
  return /^:\S+ - /.test(line) ? `chain ${line.slice(1).split(' ')[0] ?? ''}` : undefined;
}

/** Reads the output of {@link traceScript}: one entry for each trace, such as `link flannel.1 mtu 1450`. */
export function readTraces(text: string): ReadonlySet<string> {
  const traces = new Set<string>();
  let kind = '';
  for (const line of text.split('\n')) {
    if (line.startsWith('# ') && readers[line.slice(2)]) kind = line.slice(2);
    else if (line.trim() !== '') {
      const trace = readers[kind]?.(line);
      if (trace !== undefined) traces.add(`${kind} ${trace}`);
    }
  }
  return traces;
}

/** Lists the new traces, then the traces that are gone, both in the order of their output. */
export function compareTraces(before: ReadonlySet<string>, after: ReadonlySet<string>): readonly string[] {
  return [
    ...[...after].filter((trace) => !before.has(trace)),
    ...[...before].filter((trace) => !after.has(trace)).map((trace) => `${trace} (existed before, is gone)`),
  ];
}
