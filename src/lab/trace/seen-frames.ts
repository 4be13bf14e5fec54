import { carries, layersOf, type DecodedFrame } from './decode-frame.ts';
import type { Device } from './facts.ts';
import type { Encapsulation, SeenFrame, Translation } from './report.ts';

/** The frames of one place. */
interface PlaceCapture {
  readonly place: string;
  readonly devices: readonly Device[];
  readonly frames: readonly DecodedFrame[];
}

/** The properties of the packet to look for. */
interface Wanted {
  /** The bytes that the payload repeats. */
  readonly mark: Uint8Array;
  readonly size: number;
  /** The encapsulations that hide the payload. */
  readonly encrypted: readonly Encapsulation[];
  /** The names of the places in the order of the request's way. Two captures may have the same microsecond. */
  readonly order: readonly string[];
}

type FoundFrame = Omit<SeenFrame, 'afterUs'> & { readonly at: number };

/** Finds the frames that carry the packet, its answer, or an error about it, in the order of their time. */
export function findFrames(captures: readonly PlaceCapture[], wanted: Wanted): readonly SeenFrame[] {
  const clear = captures.flatMap((capture) =>
    capture.frames.flatMap((frame) => {
      if (!carries(frame, wanted.mark)) return [];
      const found = describe(frame, capture);
      return found === undefined ? [] : [found];
    }),
  );
  const began = Math.min(...clear.map(({ at }) => at));
  const hidden = captures.flatMap((capture) =>
    capture.frames.flatMap((frame) => {
      const found = frame.at < began ? undefined : describeEncrypted(frame, capture, wanted);
      return found === undefined ? [] : [found];
    }),
  );
  return [...clear, ...hidden]
    .sort((one, other) => one.at - other.at || compareWay(one, other, wanted.order))
    .map(({ at, ...frame }) => ({ ...frame, afterUs: Math.round(at - began) }));
}

function compareWay(one: FoundFrame, other: FoundFrame, order: readonly string[]): number {
  const steps = order.indexOf(one.place) - order.indexOf(other.place);
  return one.packet === 'request' ? steps : -steps;
}

function describe(frame: DecodedFrame, { place, devices }: PlaceCapture): FoundFrame | undefined {
  const packets = layersOf(frame, 'ip');
  const [icmp] = layersOf(frame, 'icmp');
  const outer = packets[0];
  const inner = packets.at(-1);
  if (outer === undefined || inner === undefined || icmp === undefined) return undefined;
  const isEncapsulated = packets.length > 1;
  const [udp] = layersOf(frame, 'udp');
  const [vxlan] = layersOf(frame, 'vxlan');
  const encapsulation = vxlan ? 'vxlan' : layersOf(frame, 'gre').length > 0 ? 'gre' : udp ? 'udp' : 'ip';
  return {
    ...commonOf(frame, place, devices),
    packet: icmp.means === 'request' || icmp.means === 'answer' ? icmp.means : 'error',
    source: outer.source,
    destination: outer.destination,
    size: outer.size,
    dontFragment: outer.dontFragment,
    isFragment: packets.some(({ fragmentAt }) => fragmentAt !== undefined),
    inner: isEncapsulated ? { source: inner.source, destination: inner.destination, size: inner.size } : null,
    encapsulation: isEncapsulated ? encapsulation : null,
    vni: vxlan?.vni ?? null,
    ports: udp ? { source: udp.sourcePort, destination: udp.destinationPort } : null,
    encrypted: false,
    error:
      icmp.means === 'request' || icmp.means === 'answer'
        ? null
        : { what: icmp.means, mtu: icmp.mtu ?? null },
  };
}

/** Describes a frame whose addresses, ports and size are those of the encrypted packet, one way or the other. */
function describeEncrypted(
  frame: DecodedFrame,
  { place, devices }: PlaceCapture,
  wanted: Wanted,
): FoundFrame | undefined {
  const [packet] = layersOf(frame, 'ip');
  const [udp] = layersOf(frame, 'udp');
  if (packet === undefined || udp === undefined) return undefined;
  for (const { destination, port, overhead } of wanted.encrypted) {
    if (packet.size !== wanted.size + overhead) continue;
    const isRequest = packet.destination === destination && udp.destinationPort === port;
    const isAnswer = packet.source === destination && udp.sourcePort === port;
    if (!isRequest && !isAnswer) continue;
    return {
      ...commonOf(frame, place, devices),
      packet: isRequest ? 'request' : 'answer',
      source: packet.source,
      destination: packet.destination,
      size: packet.size,
      dontFragment: packet.dontFragment,
      isFragment: packet.fragmentAt !== undefined,
      inner: null,
      encapsulation: 'udp',
      vni: null,
      ports: { source: udp.sourcePort, destination: udp.destinationPort },
      encrypted: true,
      error: null,
    };
  }
  return undefined;
}

function commonOf(
  { at, interfaceIndex, direction }: DecodedFrame,
  place: string,
  devices: readonly Device[],
): Pick<FoundFrame, 'at' | 'place' | 'interface' | 'direction'> {
  const name = devices.find(({ index }) => index === interfaceIndex)?.name;
  return {
    at,
    place,
    interface: name ?? `interface ${interfaceIndex}`,
    // A port of a switch gets frames for other hosts.
    direction: direction === 'out' ? 'out' : 'in',
  };
}

/** Finds the places that changed the addresses of the request, or of what encapsulates it. */
export function findTranslations(
  frames: readonly SeenFrame[],
  sent: { readonly source: string | undefined; readonly destination: string },
  outer: readonly Encapsulation[],
): readonly Translation[] {
  const found: Translation[] = [];
  const note = (place: string, field: Translation['field'], from: string, to: string): void => {
    if (from !== to) found.push({ place, field, from, to, rule: null });
  };
  const before = { source: sent.source, destination: sent.destination };
  const outerBefore = new Map<string, { source: string; destination: string }>();
  for (const frame of frames) {
    if (frame.packet !== 'request') continue;
    const { inner, place } = frame;
    if (!frame.encrypted) {
      const now = inner ?? frame;
      note(place, 'source', before.source ?? now.source, now.source);
      note(place, 'destination', before.destination, now.destination);
      before.source = now.source;
      before.destination = now.destination;
    }
    if (inner === null && !frame.encrypted) continue;
    const planned = outer.find(({ destination }) => destination === frame.destination) ?? outer[0];
    const key = planned?.device ?? '';
    const known = outerBefore.get(key) ?? {
      source: planned?.source ?? frame.source,
      destination: planned?.destination ?? frame.destination,
    };
    note(place, 'source', known.source, frame.source);
    note(place, 'destination', known.destination, frame.destination);
    outerBefore.set(key, { source: frame.source, destination: frame.destination });
  }
  return found;
}
