/** The statistics of a device, as `ip` prints them. */
interface LinkCounters {
  readonly ifname: string;
  readonly stats64?:
    | {
        readonly rx: { readonly dropped: number; readonly errors: number };
        readonly tx: { readonly dropped: number; readonly errors: number };
      }
    | undefined;
}

/** The counters of lost packets in a namespace, by a name that people can look up. */
export type LossCounters = ReadonlyMap<string, number>;

/** Collects the counters of losses from the devices and from the sections of the kernel and of iptables. */
export function readCounters(
  links: readonly LinkCounters[],
  lines: (section: string) => readonly string[],
): LossCounters {
  return new Map([
    ...links.flatMap(countersOfLink),
    ...readPairedLines(lines('snmp')),
    ...readPairedLines(lines('netstat')),
    ...readNamedLines(lines('snmp6')),
    ...readNamedLines(lines('xfrm')),
    ...readLinkLoss(lines('loss')),
    ...readSavedRules('iptables', lines('iptables')),
    ...readSavedRules('ip6tables', lines('ip6tables')),
  ]);
}

function countersOfLink({ ifname, stats64 }: LinkCounters): readonly (readonly [string, number])[] {
  if (stats64 === undefined) return [];
  return (['rx', 'tx'] as const).flatMap((way) =>
    (['dropped', 'errors'] as const).map((what) => [`${ifname} ${way} ${what}`, stats64[way][what]] as const),
  );
}

/** Counters that rise when a packet is lost. The others count what is usual. */
const losses =
  /(?:Discards|NoRoutes|AddrErrors|HdrErrors|UnknownProtos|ReversePathFilter|TooBigErrors|FragFails|ReasmFails|Truncated|NoPorts|RcvbufErrors|SndbufErrors|InErrors|CsumErrors|^Xfrm)/;

function isLoss(name: string): boolean {
  return losses.test(name);
}

/** Reads /proc/net/snmp and /proc/net/netstat: a line of names, then a line of values. */
function readPairedLines(lines: readonly string[]): readonly (readonly [string, number])[] {
  return lines.flatMap((line, index) => {
    if (index % 2 === 1) return [];
    const [protocol = '', ...names] = line.split(/\s+/);
    const values = (lines[index + 1] ?? '').split(/\s+/).slice(1);
    return names
      .map((name, at) => [protocol.replace(':', '') + name, Number(values[at])] as const)
      .filter(([name]) => isLoss(name));
  });
}

function readNamedLines(lines: readonly string[]): readonly (readonly [string, number])[] {
  return lines.flatMap((line) => {
    const [name = '', value] = line.trim().split(/\s+/);
    return isLoss(name) ? [[name, Number(value)] as const] : [];
  });
}

/** The beginning of the name of a counter of packets that a link lost on purpose. */
export const lossOfLink = 'loss of the link ';

/** Reads the rules that `lab impair` and a topology set: each chain is named after the port of a link. */
function readLinkLoss(lines: readonly string[]): readonly (readonly [string, number])[] {
  let chain = '';
  return lines.flatMap((line) => {
    chain = /^\s*chain (\S+) /.exec(line)?.[1] ?? chain;
    const [, packets] = /counter packets (\d+) .*drop/.exec(line) ?? [];
    if (packets === undefined) return [];
    const [, way, host, device = 'eth0'] = /^(from|to)-([^_]+)(?:_(\S+))?$/.exec(chain) ?? [];
    return [
      [
        `${lossOfLink}${host ?? chain}:${device}, ${way === 'from' ? 'from' : 'to'} the host`,
        Number(packets),
      ],
    ];
  });
}

/** Targets of iptables that lose or translate a packet. */
const decisive = /-j (?:DROP|REJECT|SNAT|DNAT|MASQUERADE|REDIRECT|NETMAP)\b/;

function readSavedRules(tool: string, lines: readonly string[]): readonly (readonly [string, number])[] {
  let table = '';
  return lines.flatMap((line) => {
    if (line.startsWith('*')) table = line.slice(1);
    const [, packets, rule = ''] = /^\[(\d+):\d+\] (-A .+)$/.exec(line) ?? [];
    if (decisive.test(rule)) return [[`${tool} -t ${table} ${rule}`, Number(packets)] as const];
    const [, chain, dropped] = /^:(\S+) DROP \[(\d+):\d+\]/.exec(line) ?? [];
    return chain === undefined ? [] : [[`${tool} -t ${table} -P ${chain} DROP`, Number(dropped)] as const];
  });
}

/** The counters that are higher than before, with the difference. */
export function risenCounters(
  before: LossCounters,
  after: LossCounters,
): readonly { readonly name: string; readonly by: number }[] {
  return [...after].flatMap(([name, value]) => {
    const by = value - (before.get(name) ?? 0);
    return by > 0 ? [{ name, by }] : [];
  });
}
