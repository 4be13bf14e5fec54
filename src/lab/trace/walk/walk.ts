import { parseAddress } from '../../../network/cidr.ts';
import { portOf } from '../../plan/topology.ts';
import { addressOf, reachedAt, type LabPlace } from '../../process/places.ts';
import { encapsulate, localAddress, takes, type PeerDevice } from './encapsulation.ts';
import type { Device, Facts } from '../facts.ts';
import { translateDestination, translateSource, type Translated } from './nat.ts';
import type { Encapsulation, LookUp, Suspicion } from '../report.ts';
import { explainNoRoute, routeCommand, type KernelRoute, type RouteQuestion } from './route-question.ts';
import * as suspect from './suspicions.ts';

/** A question that only the kernel can answer. */
export type Question =
  | { readonly ask: 'facts'; readonly place: string }
  | ({ readonly ask: 'route'; readonly place: string } & RouteQuestion);

export type Answer =
  | { readonly answer: 'facts'; readonly facts: Facts }
  | { readonly answer: 'route'; readonly route: KernelRoute }
  | { readonly answer: 'no-route'; readonly because: string };

/** One place on a packet's way, by look-ups alone. */
interface Step {
  readonly place: string;
  readonly arrives: string | null;
  readonly lookUps: LookUp[];
  encapsulation: Encapsulation | null;
  leaves: string | null;
}

/** The way of a packet, by look-ups alone. */
export interface Walk {
  readonly steps: readonly Step[];
  readonly suspicions: readonly Suspicion[];
  /** Whether the look-ups lead to the destination. */
  readonly arrives: boolean;
  /** The source that the first place chooses; undefined if it has no route. */
  readonly source: string | undefined;
}

/** The request for a walk. */
export interface WalkRequest {
  readonly places: readonly LabPlace[];
  readonly from: LabPlace;
  readonly to: LabPlace;
  readonly source: string | undefined;
  readonly destination: string;
  /** The size of the packet in bytes. */
  readonly size: number;
}

interface Packet {
  readonly source: string | undefined;
  readonly destination: string;
  readonly size: number;
}

/** The most places that a walk visits: a route loop has no end. */
const mostSteps = 24;

type Look<Result> = Generator<Question, Result, Answer>;

/** Follows a packet from place to place. Every look-up is a question to the caller, so that the walk itself computes only. */
export function* walkPacket(request: WalkRequest): Look<Walk> {
  return yield* new Walker(request).run();
}

class Walker {
  readonly #request: WalkRequest;
  readonly #steps: Step[] = [];
  readonly #suspicions: Suspicion[] = [];
  /** The encapsulated packets, the innermost first. */
  readonly #inside: {
    readonly packet: Packet;
    readonly by: Encapsulation;
    readonly mac: string | undefined;
  }[] = [];
  #place: LabPlace;
  #packet: Packet;
  #source: string | undefined;

  constructor(request: WalkRequest) {
    this.#request = request;
    this.#place = request.from;
    this.#packet = request;
    this.#source = request.source;
  }

  *run(): Look<Walk> {
    let arrives: string | undefined;
    let isThere = false;
    while (this.#steps.length < mostSteps) {
      const step: Step = {
        place: this.#place.name,
        arrives: arrives ?? null,
        lookUps: [],
        encapsulation: null,
        leaves: null,
      };
      this.#steps.push(step);
      const next: { readonly place: LabPlace; readonly arrives: string } | 'there' | 'lost' =
        yield* this.#pass(step, arrives);
      isThere = next === 'there';
      if (next === 'there' || next === 'lost') break;
      this.#place = next.place;
      arrives = next.arrives;
    }
    return { steps: this.#steps, suspicions: this.#suspicions, arrives: isThere, source: this.#source };
  }

  /** Passes one place. Returns the next one. */
  *#pass(
    step: Step,
    arrivesOn: string | undefined,
  ): Look<{ readonly place: LabPlace; readonly arrives: string } | 'there' | 'lost'> {
    let arrives = arrivesOn;
    const forwarded = translateDestination(this.#place, arrivesOn, this.#packet.destination);
    if (forwarded !== undefined) this.#translate(step, forwarded);
    for (;;) {
      const facts = yield* this.#factsOf(this.#place.name);
      if (facts.addresses.has(this.#packet.destination)) {
        const top = this.#inside.pop();
        if (top === undefined) return 'there';
        const device = this.#decapsulate(facts, top);
        if (device === undefined) return 'lost';
        arrives = device.name;
        this.#packet = top.packet;
        continue;
      }
      const route = yield* this.#route(step, arrives);
      if (route?.device === undefined) return 'lost';
      const device = facts.devices.find(({ name }) => name === route.device);
      if (device === undefined) return 'lost';
      step.leaves = device.name;
      const hidden = translateSource(this.#place, arrives, device.name, this.#packet);
      if (hidden !== undefined) this.#translate(step, hidden);
      this.#checkDevice(device);
      const next = route.gateway ?? this.#packet.destination;
      const by = encapsulate({
        facts,
        device,
        next,
        packet: this.#packet,
        place: this.#place.name,
        peer: yield* this.#peerAt(next),
      });
      if (by === undefined) return yield* this.#cross(step, facts, device, next);
      step.lookUps.push(...by.lookUps);
      for (const each of by.suspicions) this.#suspect({ place: this.#place.name, ...each });
      if (by.outer === undefined) return 'lost';
      step.encapsulation = by.outer;
      this.#checkDestination(by.outer, by.lookUps.at(-1)?.command ?? '', by.repairFor);
      this.#inside.push({ packet: this.#packet, by: by.outer, mac: by.innerMac });
      this.#packet = {
        source: by.outer.source ?? undefined,
        destination: by.outer.destination,
        size: this.#packet.size + by.outer.overhead,
      };
      arrives = undefined;
    }
  }

  /** Changes an address of the packet, as the NAT of a place does. The device that takes it knows the changed one. */
  #translate(step: Step, { field, to, lookUp }: Translated): void {
    step.lookUps.push(lookUp);
    this.#packet = { ...this.#packet, [field]: to };
    const top = this.#inside.at(-1);
    if (top !== undefined) this.#inside[this.#inside.length - 1] = { ...top, by: { ...top.by, [field]: to } };
  }

  /** The device with an address on the node of the destination. */
  *#peerAt(address: string): Look<PeerDevice | undefined> {
    const { places, to } = this.#request;
    const node = places.find(({ name }) => name === to.node);
    if (node === undefined || node === this.#place) return undefined;
    const { addresses, devices } = yield* this.#factsOf(node.name);
    const name = addresses.get(address);
    if (name === undefined) return undefined;
    const device = devices.find((each) => each.name === name);
    const local = device && localAddress(device);
    const family = local === undefined ? undefined : parseAddress(local)?.family;
    const host = addressOf(node, family);
    return { node: node.name, name, mac: device?.mac, host };
  }

  *#factsOf(place: string): Look<Facts> {
    const answer = yield { ask: 'facts', place };
    if (answer.answer !== 'facts') throw new Error(`facts were asked, and ${answer.answer} came`);
    return answer.facts;
  }

  #suspect(suspicion: Suspicion | undefined): void {
    if (suspicion !== undefined) this.#suspicions.push(suspicion);
  }

  *#route(step: Step, arrives: string | undefined): Look<KernelRoute | undefined> {
    const { destination, source } = this.#packet;
    const question = { destination, source, arrives };
    const command = routeCommand(question).join(' ');
    const answer = yield { ask: 'route', place: this.#place.name, ...question };
    if (answer.answer === 'facts') throw new Error('a route was asked, and facts came');
    if (answer.answer === 'no-route') {
      step.lookUps.push({ table: 'route', found: `none: ${answer.because}`, command });
      const { reversePath } = yield* this.#factsOf(this.#place.name);
      this.#suspect({
        place: this.#place.name,
        ...explainNoRoute(this.#place.name, question, answer.because, reversePath),
      });
      return undefined;
    }
    const { route } = answer;
    this.#source ??= route.source;
    if (this.#packet.source === undefined) this.#packet = { ...this.#packet, source: route.source };
    if (route.table !== 'main' && route.table !== 'local') {
      step.lookUps.push({
        table: 'rule',
        found: `a rule leads to the table ${route.table}`,
        command: destination.includes(':') ? 'ip -6 rule show' : 'ip rule show',
      });
    }
    step.lookUps.push({ table: 'route', found: route.text, command });
    const refusing = suspect.refusingRoute(this.#place.name, route, destination, command);
    this.#suspect(refusing);
    return refusing === undefined ? route : undefined;
  }

  #checkDevice(device: Device): void {
    const { name } = this.#place;
    this.#suspect(suspect.downDevice(name, device));
    this.#suspect(suspect.tooSmallToSend(name, device, this.#packet.size, this.#inside.length > 0));
  }

  /** Checks that an encapsulated packet goes to the node of its destination. */
  #checkDestination(outer: Encapsulation, shows: string, repairFor: (host: string) => string | null): void {
    const { places, to } = this.#request;
    const node = places.find(({ name }) => name === to.node);
    if (node === undefined || reachedAt(node).includes(outer.destination)) return;
    const family = parseAddress(outer.destination)?.family;
    const right = family === undefined ? undefined : addressOf(node, family);
    this.#suspect(
      suspect.wrongDestination({
        place: this.#place.name,
        outer,
        inner: this.#packet.destination,
        node: node.name,
        right,
        owner: places.find(({ addresses }) => addresses.includes(outer.destination))?.name,
        shows,
        repairs: right === undefined ? null : repairFor(right),
      }),
    );
  }

  #decapsulate(
    facts: Facts,
    {
      packet,
      by,
      mac,
    }: { readonly packet: Packet; readonly by: Encapsulation; readonly mac: string | undefined },
  ): Device | undefined {
    const { name } = this.#place;
    const device = facts.devices.find((each) => takes(facts, each, by));
    if (device === undefined) {
      this.#suspect(suspect.missingReceiver(name, by));
      return undefined;
    }
    if (mac !== undefined && device.mac !== undefined && mac !== device.mac) {
      // On the wrong node, the entry that led here is the cause.
      if (name !== this.#request.to.node) return undefined;
      this.#suspect(suspect.wrongInnerMac(name, device, packet.destination, mac));
    }
    this.#suspect(suspect.downDevice(name, device));
    return device;
  }

  /** Crosses the link of a device to the next place. */
  *#cross(
    step: Step,
    facts: Facts,
    device: Device,
    next: string,
  ): Look<{ readonly place: LabPlace; readonly arrives: string } | 'lost'> {
    const here = this.#place;
    const neighbour = facts.neighbours.find(({ dst, dev }) => dst === next && dev === device.name);
    const mac = neighbour?.lladdr;
    const state = neighbour?.state?.join(' ').toLowerCase();
    step.lookUps.push({
      table: 'neighbour',
      found:
        mac === undefined
          ? `${next} is not resolved on ${device.name}${state === undefined ? '' : ` (${state})`}`
          : `${next} is ${mac} on ${device.name}${state === undefined ? '' : `, ${state}`}`,
      command: suspect.neighbourCommand(next, device),
    });
    if (device.kind === 'bridge' && mac !== undefined) this.#noteBridge(step, facts, device.name, mac);
    const target = yield* this.#ownerOf(next);
    if (target === undefined) {
      this.#suspect(suspect.unownedAddress(here.name, device, next, this.#packet.destination));
      return 'lost';
    }
    const there = yield* this.#factsOf(target.name);
    const arrives = there.addresses.get(next) ?? device.name;
    const landing = there.devices.find(({ name }) => name === arrives);
    if (mac !== undefined && landing?.mac !== undefined && landing.mac !== mac) {
      const end = { name: landing.name, mac: landing.mac };
      this.#suspect(suspect.wrongNeighbour({ place: here.name, device, next, mac }, target, end));
    }
    if (here.kind === 'host' && target.kind === 'host')
      yield* this.#passSwitch(here, target, device, landing);
    else if (landing !== undefined) this.#checkLanding(target.name, landing, device);
    return { place: target, arrives };
  }

  /** Finds the place with an address: first those that are known by it, then those next to this one, then all. */
  *#ownerOf(address: string): Look<LabPlace | undefined> {
    const { places } = this.#request;
    const known = places.find(({ addresses }) => addresses.includes(address));
    if (known !== undefined) return known;
    const here = this.#place;
    const near = places.filter(({ name, kind }) =>
      here.kind === 'pod' ? name === here.node : kind === 'underlay',
    );
    for (const place of [...near, ...places.filter((each) => !near.includes(each))]) {
      const facts = yield* this.#factsOf(place.name);
      if (facts.addresses.has(address)) return place;
    }
    return undefined;
  }

  /** Adds the switch between two hosts as a place of its own. */
  *#passSwitch(here: LabPlace, target: LabPlace, device: Device, landing: Device | undefined): Look<void> {
    const underlay = this.#request.places.find(({ kind }) => kind === 'underlay');
    if (underlay === undefined) return;
    const facts = yield* this.#factsOf(underlay.name);
    const port = (name: string): Device | undefined => facts.devices.find((each) => each.name === name);
    const [entry, exit] = [
      port(portOf(here.name, device.name)),
      port(portOf(target.name, landing?.name ?? '')),
    ];
    if (entry?.bridge === undefined || exit?.bridge === undefined) return;
    const step: Step = {
      place: underlay.name,
      arrives: entry.name,
      lookUps: [],
      encapsulation: null,
      leaves: exit.name,
    };
    this.#steps.push(step);
    if (landing?.mac !== undefined) this.#noteBridge(step, facts, entry.bridge, landing.mac);
    this.#checkLanding(underlay.name, entry, device);
    this.#checkLanding(underlay.name, exit, device);
    if (landing !== undefined) this.#checkLanding(target.name, landing, device);
  }

  #noteBridge(step: Step, facts: Facts, bridge: string, mac: string): void {
    const entry = facts.fdb.find((each) => each.mac === mac && each.master === bridge);
    step.lookUps.push({
      table: 'bridge',
      found:
        entry === undefined
          ? `${bridge} has not learned ${mac}, and floods packets to it`
          : `${mac} is behind the port ${entry.ifname} of ${bridge}`,
      command: `bridge fdb show br ${bridge}`,
    });
  }

  /** Checks that the end of a link is up, and that the packet fits through it. */
  #checkLanding(place: string, landing: Device, from: Device): void {
    this.#suspect(suspect.downDevice(place, landing));
    this.#suspect(suspect.tooSmallToReceive(place, landing, from, this.#packet.size));
  }
}
