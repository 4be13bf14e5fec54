import type {
  FirewallVerdict,
  RisenCounter,
  SeenFrame,
  Suspicion,
  TraceOutcome,
  Translation,
} from './report.ts';
import { lossOfLink } from './counters.ts';
import type { Walk } from './walk/walk.ts';

/** Everything that is known about one echo. */
interface Evidence {
  readonly ping: { readonly rttMs: number | undefined; readonly because: string };
  readonly to: { readonly place: string; readonly address: string };
  readonly request: Walk;
  /** The way of the answer; undefined unless the answer was lost. */
  readonly answer: Walk | undefined;
  /** The frames, by time; undefined if none were captured. */
  readonly frames: readonly SeenFrame[] | undefined;
  readonly translations: readonly Translation[];
  readonly counters: readonly RisenCounter[];
  readonly firewall: readonly FirewallVerdict[];
}

/** The explanation of a loss. The commands run inside the place. */
interface Cause {
  readonly place: string;
  readonly cause: string;
  readonly shows: string | null;
  readonly repairs: string | null;
}

/**
 * Decides where an echo was lost, and why.
 *
 * @param inPlace makes a command of a place one for the shell of the person who asked
 */
export function judgeTrace(
  evidence: Evidence,
  inPlace: (place: string, command: string) => string,
): TraceOutcome {
  const { rttMs } = evidence.ping;
  if (rttMs !== undefined) return { kind: 'answered', rttMs };
  const packet = whichWasLost(evidence);
  const last = evidence.frames?.findLast((frame) => frame.packet === (packet ?? 'request'));
  const { place, cause, shows, repairs } = blameTranslation(
    evidence,
    packet,
    explain(evidence, packet, last),
  );
  return {
    kind: 'lost',
    packet,
    lastSeen: last ? { place: last.place, interface: last.interface, direction: last.direction } : null,
    place,
    cause,
    shows: shows === null ? null : inPlace(place, shows),
    repairs: repairs === null ? null : inPlace(place, repairs),
  };
}

/** Decides which packet was lost; null if no frames were captured. */
export function whichWasLost({ frames, to }: Pick<Evidence, 'frames' | 'to'>): 'request' | 'answer' | null {
  if (frames === undefined) return null;
  const arrived = frames.some(
    ({ packet, place, direction, inner, encrypted }) =>
      packet === 'answer' ||
      (packet === 'request' && place === to.place && direction === 'in' && inner === null && !encrypted),
  );
  return arrived ? 'answer' : 'request';
}

function explain(
  evidence: Evidence,
  packet: 'request' | 'answer' | null,
  last: SeenFrame | undefined,
): Cause {
  const walk = packet === 'answer' ? (evidence.answer ?? evidence.request) : evidence.request;
  const near = placesAfter(walk, last);
  const isNear = ({ place }: { readonly place: string }): boolean =>
    near === undefined || near.includes(place);
  const suspicions = walk.suspicions.filter(isNear);
  return (
    byFirewall(evidence.firewall.filter(isNear)) ??
    bySize(evidence, suspicions) ??
    bySuspicion(suspicions.filter(({ stops, entry }) => stops && entry !== 'address')) ??
    byReversePath(evidence.counters.filter(isNear), last) ??
    byLinkLoss(evidence.counters) ??
    bySuspicion(walk.suspicions.filter(({ stops }) => !stops)) ??
    bySuspicion(walk.suspicions.filter(({ stops }) => stops)) ??
    byCounters(evidence.counters.filter(isNear)) ??
    byNothing(evidence, packet, last)
  );
}

/** The places where a packet can have been lost after its last frame; undefined if that may be anywhere. */
function placesAfter({ steps }: Walk, last: SeenFrame | undefined): readonly string[] | undefined {
  if (last === undefined) return undefined;
  const at = steps.findLastIndex(({ place }) => place === last.place);
  const next = at < 0 ? undefined : steps[at + 1]?.place;
  return [last.place, ...(last.direction === 'out' && next !== undefined ? [next] : [])];
}

/** A link that lost packets on purpose. */
function byLinkLoss(counters: readonly RisenCounter[]): Cause | undefined {
  const [counter] = counters
    .filter(({ name }) => name.startsWith(lossOfLink))
    .sort((one, other) => other.by - one.by);
  if (counter === undefined) return undefined;
  const { place, name, by } = counter;
  const link = name.slice(lossOfLink.length);
  return {
    place,
    cause: `the link ${link}, has a loss (the topology, or lab impair), and lost ${by} meanwhile`,
    shows: 'nft list table netdev heddle-loss',
    repairs: null,
  };
}

function byFirewall(verdicts: readonly FirewallVerdict[]): Cause | undefined {
  const drop = verdicts.find(({ verdict }) => verdict === 'drop');
  if (drop === undefined) return undefined;
  const { place, rule, shows } = drop;
  return { place, cause: `the firewall of ${place} drops the packet: ${rule}`, shows, repairs: null };
}

function bySize({ frames, ping }: Evidence, suspicions: readonly Suspicion[]): Cause | undefined {
  const error = frames?.find((frame) => frame.error?.what === 'too-big');
  const [, said] = /mtu ?= ?(\d+)/i.exec(ping.because) ?? [];
  const suspicion = suspicions.find(({ entry }) => entry === 'mtu');
  const mtu = error?.error?.mtu ?? (said === undefined ? undefined : Number(said));
  if (mtu === undefined) return undefined;
  const { place, shows, repairs, what } = suspicion ?? {
    place: error?.place ?? '',
    shows: 'ip link show',
    repairs: null,
    what: `the packet is larger than the path of ${error?.place ?? 'the sender'} allows`,
  };
  return { place, cause: `${what}: only packets of at most ${mtu} bytes pass`, shows, repairs };
}

/** Names the rule that changed an address of the packet, if the packet is lost because of that address. */
function blameTranslation(
  { translations, frames, firewall }: Evidence,
  packet: 'request' | 'answer' | null,
  found: Cause,
): Cause {
  const answer = frames?.findLast((frame) => frame.packet === 'answer');
  const translation = translations.find(
    ({ field, to }) =>
      field === 'destination' ||
      found.cause.includes(to) ||
      (packet === 'answer' && [answer?.destination, answer?.inner?.destination].includes(to)),
  );
  if (translation === undefined) return found;
  const { place, field, from, to, rule } = translation;
  const by = rule === null ? '' : ` (NAT by ${rule})`;
  const effect = packet === 'answer' && field === 'source' ? `, so the answer goes to ${to}` : '';
  const verdict = firewall.find((each) => each.place === place && each.rule === rule);
  return {
    place,
    cause: `the firewall of ${place} changes the ${field} of the packet from ${from} to ${to}${by}${effect}: ${found.cause}`,
    shows: verdict?.shows ?? 'nft -a list ruleset',
    repairs: null,
  };
}

function bySuspicion(suspicions: readonly Suspicion[]): Cause | undefined {
  const [first] = suspicions;
  if (first === undefined) return undefined;
  const { place, what, shows, repairs } = first;
  return { place, cause: what, shows, repairs };
}

function byReversePath(counters: readonly RisenCounter[], last: SeenFrame | undefined): Cause | undefined {
  const counter = counters.find(({ name }) => name.includes('ReversePathFilter'));
  if (counter === undefined) return undefined;
  const { place } = counter;
  const source = last?.inner?.source ?? last?.source ?? '';
  return {
    place,
    cause: `the reverse path filter (rp_filter) of ${place} drops the packet, because its route to ${source} does not lead to ${last?.interface ?? 'the device on which the packet arrives'}`,
    shows: `ip route get ${source}`,
    repairs: 'sysctl -w net.ipv4.conf.all.rp_filter=0',
  };
}

function byCounters(counters: readonly RisenCounter[]): Cause | undefined {
  const rule = counters.find(({ name }) => /^ip6?tables .*-j (?:DROP|REJECT)|-P \S+ DROP/.test(name));
  const counter = rule ?? counters[0];
  if (counter === undefined) return undefined;
  const { place, name, by } = counter;
  const tool = /^(ip6?tables -t \S+) -[AP] (\S+)/.exec(name);
  if (tool !== null) {
    return {
      place,
      cause: `the firewall of ${place} drops the packet: ${name}`,
      shows: `${tool[1] ?? ''} -vnL ${tool[2] ?? ''} --line-numbers`,
      repairs: null,
    };
  }
  return {
    place,
    cause: `${place} counted ${by} more at ${name}, but no look-up explains it`,
    shows: 'ip -statistics link show',
    repairs: null,
  };
}

function byNothing(
  { ping, to }: Evidence,
  packet: 'request' | 'answer' | null,
  last: SeenFrame | undefined,
): Cause {
  const place = last?.place ?? to.place;
  if (packet === 'answer' && last?.packet !== 'answer') {
    return {
      place,
      cause: `${to.place} got the packet, but did not answer`,
      shows: 'nft list ruleset',
      repairs: null,
    };
  }
  const said = ping.because === '' ? '' : `: ping reports ${ping.because}`;
  return {
    place,
    cause: `the packet is lost in or after ${place}, but no look-up, rule or counter explains it${said}`,
    shows: null,
    repairs: null,
  };
}
