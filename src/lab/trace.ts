import { randomBytes } from 'node:crypto';
import { Failure } from '../diagnostic/failure.ts';
import { usesColour } from '../host/terminal-colour.ts';
import type { Family } from '../network/cidr.ts';
import { parseAddress } from '../network/cidr.ts';
import { nameArgument } from './plan/request.ts';
import { askStatus } from './process/control-client.ts';
import { findLab, type FoundLab } from './process/find.ts';
import { decodeFrame } from './trace/decode-frame.ts';
import { risenCounters } from './trace/counters.ts';
import type { Facts } from './trace/facts.ts';
import { readTracing } from './trace/firewall-trace.ts';
import { judgeTrace, whichWasLost } from './trace/judge.ts';
import { LookUps } from './trace/look-up.ts';
import { Namespaces, type LabStatus } from './process/namespaces.ts';
import { observe } from './trace/observe.ts';
import { addressOf, findPlace, listPlaces, underlayPlace, type LabPlace } from './process/places.ts';
import { renderTrace } from './trace/render.ts';
import type { Encapsulation, FirewallVerdict, Hop, SeenFrame, TraceReport } from './trace/report.ts';
import { findFrames, findTranslations } from './trace/seen-frames.ts';
import { sendEcho, type EchoEnd } from './trace/send-echo.ts';
import type { Walk } from './trace/walk/walk.ts';

/** The options of `lab trace`. */
export interface TraceOptions {
  readonly from: string;
  readonly to: string;
  /** The bytes of the echo as an IP packet. */
  readonly size: number;
  /** The family of the addresses; undefined for the first that the destination has. */
  readonly family: Family | undefined;
}

/** The bytes that identify one echo. ping repeats at most 16. */
const markBytes = 16;

/** `lab trace`: follows one packet and reports its way. Returns whether an answer came. */
export async function traceLab(name: string, options: TraceOptions, json: boolean): Promise<boolean> {
  const lab = findLab(name);
  const report = await traceEcho(lab, await askStatus(lab), options);
  const text = json ? JSON.stringify(report) : renderTrace(report, { colour: usesColour(process.stdout) });
  process.stdout.write(`${text}\n`);
  return report.outcome.kind === 'answered';
}

/** Follows one packet through a lab. Throws a {@link Failure} for places that the lab does not have. */
export async function traceEcho(
  lab: FoundLab,
  status: LabStatus,
  options: TraceOptions,
): Promise<TraceReport> {
  const places = listPlaces(status);
  const ends = findEnds(lab.name, places, options);
  const namespaces = new Namespaces(lab, status);
  const echo = { ...ends, size: options.size };
  const followed = await followEcho(namespaces, places, echo, (place, command) =>
    shellCommand(lab.name, place, command),
  );
  return { lab: lab.name, recipe: status.recipe, ...followed };
}

interface Ends {
  readonly from: LabPlace;
  readonly to: LabPlace;
  readonly address: string;
}

function findEnds(lab: string, places: readonly LabPlace[], options: TraceOptions): Ends {
  const ends = places.filter(({ kind }) => kind !== 'underlay');
  const from = findPlace(lab, ends, options.from);
  const to = findPlace(lab, ends, options.to);
  const hint = 'choose a node or a pod with an address of this family: heddle lab ps shows them';
  if (from === to) {
    throw new Failure('usage', `a packet from ${from.name} to itself does not leave it`, {
      hint: 'name two different places, such as node1-pod node2-pod',
    });
  }
  const address = addressOf(to, options.family);
  if (address === undefined) {
    const family = options.family === undefined ? 'an address' : `an IPv${options.family} address`;
    throw new Failure('not-running', `${to.name} does not have ${family}`, { hint });
  }
  if (addressOf(from, parseAddress(address)?.family) === undefined) {
    throw new Failure('not-running', `${from.name} does not have an address of the family of ${address}`, {
      hint,
    });
  }
  return { from, to, address };
}

/** The command that a person types to run a command in a place. The underlay is the lab's own namespace, which `lab exec` does not enter. */
function shellCommand(lab: string, place: string, command: string): string {
  const words = /[|*]/.test(command) ? `sh -c '${command}'` : command;
  return `heddle lab exec${nameArgument(lab)} ${place} -- ${words}`;
}

/** Sends echoes until one is answered, two at most, and follows the last one. */
async function followEcho(
  namespaces: Namespaces,
  places: readonly LabPlace[],
  { from, to, address, size }: Ends & { readonly size: number },
  inPlace: (place: string, command: string) => string,
): Promise<Omit<TraceReport, 'lab' | 'recipe'>> {
  const lookUps = new LookUps(namespaces, places);
  const request = { places, from, to, source: undefined, destination: address, size };
  const planned = await lookUps.walk(request);
  const watched = watchedPlaces(places, planned, [from, to]);
  const before = await readAll(lookUps, watched);
  const marks: Buffer[] = [];
  let ping: EchoEnd = { rttMs: undefined, because: '' };
  const observations = await observe(namespaces, watched, async () => {
    // The first packet may be lost by chance, or while the kernel resolves a neighbour.
    for (let tries = 0; tries < 2 && ping.rttMs === undefined; tries += 1) {
      const mark = randomBytes(markBytes);
      marks.push(mark);
      ping = await sendEcho(namespaces, from, { address, size, mark });
    }
  });
  lookUps.forget();
  const after = await readAll(lookUps, watched);
  const walk = await lookUps.walk(request);
  const outer = walk.steps.flatMap(({ encapsulation }) => encapsulation ?? []);
  const captures = observations.seen.map(({ place, records }) => ({
    place: place.name,
    devices: after.get(place.name)?.devices ?? [],
    frames: records.flatMap((record) => decodeFrame(record, vxlanPorts([...after.values()])) ?? []),
  }));
  const order = walk.steps.map(({ place }) => place);
  const encrypted = outer.filter((each) => each.encrypted);
  const found =
    observations.noFrames === undefined
      ? marks.map((mark) => findFrames(captures, { mark, size, encrypted, order }))
      : [];
  // The kernel may refuse the second echo at once, because it learned from the first one how large a packet may be.
  const [longest] = [...found].sort((one, other) => other.length - one.length);
  const frames = ping.rttMs === undefined ? longest : found.at(-1);
  const firewall = observations.seen.flatMap(({ place, tracing }) =>
    readTracing(place.name, tracing, (packet) => isOfEcho(packet, outer)),
  );
  const translations = findTranslations(
    frames ?? [],
    { source: walk.source, destination: address },
    outer,
  ).map((translation) => ({ ...translation, rule: ruleOf(translation.place, firewall) }));
  const counters = watched.flatMap(({ name }) => {
    const [earlier, later] = [before.get(name), after.get(name)];
    if (earlier === undefined || later === undefined) return [];
    return risenCounters(earlier.counters, later.counters).map((counter) => ({ place: name, ...counter }));
  });
  const target = { place: to.name, address };
  const answerTo =
    translations.findLast(({ field, from: old }) => field === 'source' && old === walk.source)?.to ??
    walk.source;
  const isAnswerLost = ping.rttMs === undefined && whichWasLost({ frames, to: target }) === 'answer';
  // A node behind NAT answers from its own address.
  const source = to.addresses.includes(address) ? address : undefined;
  const answer =
    isAnswerLost && answerTo !== undefined
      ? await lookUps.walk({ places, from: to, to: from, source, destination: answerTo, size })
      : undefined;
  // The NAT of the topology itself is meant to be there.
  const unexpected = translations.filter(({ place }) =>
    places.some(({ name, nat }) => name === place && nat === undefined),
  );
  const outcome = judgeTrace(
    { ping, to: target, request: walk, answer, frames, translations: unexpected, counters, firewall },
    inPlace,
  );
  return {
    from: { place: from.name, address: walk.source ?? addressOf(from, parseAddress(address)?.family) ?? '' },
    to: target,
    family: address.includes(':') ? 6 : 4,
    size,
    noFrames: observations.noFrames ?? null,
    hops: withFrames(walk, frames ?? [], ['request', 'error', 'answer']),
    answerHops: answer === undefined ? [] : withFrames(answer, [], []),
    translations,
    counters,
    firewall,
    suspicions: [...walk.suspicions, ...(answer?.suspicions ?? [])],
    outcome,
  };
}

/** The places to watch: those of the planned way, both ends with their nodes, and the underlay. */
function watchedPlaces(
  places: readonly LabPlace[],
  walk: Walk,
  ends: readonly LabPlace[],
): readonly LabPlace[] {
  const names = new Set([
    ...walk.steps.map(({ place }) => place),
    ...ends.flatMap(({ name, node }) => [name, node]),
    underlayPlace,
  ]);
  return places.filter(({ name }) => names.has(name));
}

async function readAll(lookUps: LookUps, places: readonly LabPlace[]): Promise<ReadonlyMap<string, Facts>> {
  return new Map(
    await Promise.all(places.map(async ({ name }) => [name, await lookUps.facts(name)] as const)),
  );
}

/** The ports of all VXLAN devices. */
function vxlanPorts(facts: readonly Facts[]): ReadonlySet<number> {
  const ports = facts.flatMap(({ devices }) =>
    devices.map(({ kind, options }) => kind === 'vxlan' && options['port']),
  );
  return new Set(ports.filter((port) => typeof port === 'number'));
}

/** Whether nft's description of a packet is one of the echo, or of what encapsulates it. */
function isOfEcho(packet: string, outer: readonly Encapsulation[]): boolean {
  if (/icmp(?:v6)? type echo-/.test(packet)) return true;
  return outer.some(({ destination }) => packet.includes(`addr ${destination} `));
}

function ruleOf(place: string, firewall: readonly FirewallVerdict[]): string | null {
  return firewall.find((each) => each.place === place && each.verdict === 'translate')?.rule ?? null;
}

/**
 * The places of a walk with the frames seen there. A walk may visit the underlay once for each segment: a frame belongs to the visit with its
 * device. Frames of a place that the walk does not visit get a hop of their own.
 */
function withFrames(
  { steps }: Walk,
  frames: readonly SeenFrame[],
  packets: readonly SeenFrame['packet'][],
): readonly Hop[] {
  const framesAt = (place: string): Hop['frames'] =>
    frames.filter((frame) => frame.place === place && packets.includes(frame.packet));
  const visitOf = (frame: SeenFrame): Walk['steps'][number] | undefined => {
    const visits = steps.filter(({ place }) => place === frame.place);
    return visits.find((step) => [step.arrives, step.leaves].includes(frame.interface)) ?? visits[0];
  };
  const hops = steps.map((step): Hop => ({
    ...step,
    frames: framesAt(step.place).filter((frame) => visitOf(frame) === step),
  }));
  const visited = new Set(steps.map(({ place }) => place));
  const others = [...new Set(frames.map(({ place }) => place))].filter((place) => !visited.has(place));
  return [
    ...hops,
    ...others.map((place): Hop => ({
      place,
      arrives: null,
      lookUps: [],
      encapsulation: null,
      leaves: null,
      frames: framesAt(place),
    })),
  ];
}
