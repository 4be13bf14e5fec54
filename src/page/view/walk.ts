import type { Hop, TraceReport } from '../../lab/trace/report.ts';
import type { PageTopology } from '../model.ts';
import type { DrawnBox, DrawnCable, LabDrawing, DrawnPoint } from './draw-topology.ts';

/** The way of a packet along the drawing. */
interface DrawnWalk {
  readonly points: readonly DrawnPoint[];
  /** The point where the packet was lost; undefined if it was answered, or if the place is not known. */
  readonly lostAt: DrawnPoint | undefined;
}

/** Draws the way of a packet: from the pod, through the hosts and the cables, as far as it was seen. */
export function drawWalk(trace: TraceReport, drawing: LabDrawing, topology: PageTopology): DrawnWalk {
  const { outcome } = trace;
  const lastPlace =
    outcome.kind === 'lost' && outcome.packet !== 'answer' ? outcome.lastSeen?.place : undefined;
  const lastIndex =
    lastPlace === undefined ? -1 : trace.hops.findLastIndex(({ place }) => place === lastPlace);
  const hops = lastIndex < 0 ? trace.hops : trace.hops.slice(0, lastIndex + 1);
  const points = hops.flatMap((hop) => pointsOf(hop, drawing, topology));
  const last = points.at(-1);
  return { points, lostAt: outcome.kind === 'lost' && last ? besideName(last, drawing) : undefined };
}

/** Moves a point in the middle of a host to the corner of its box, where it does not hide the name. */
function besideName(point: DrawnPoint, { boxes }: LabDrawing): DrawnPoint {
  const box = boxes.find(({ x, y, kind }) => kind !== 'segment' && x === point.x && y === point.y);
  return box === undefined
    ? point
    : { x: box.x + box.width / 2 - 14, y: box.y - box.height / 2 + Math.min(14, box.height / 2) };
}

function pointsOf(hop: Hop, { boxes, cables }: LabDrawing, topology: PageTopology): readonly DrawnPoint[] {
  const isPod = hop.place.endsWith('-pod') && boxes.every(({ name }) => name !== hop.place);
  const host = boxes.find(
    ({ name, kind }) => kind !== 'segment' && name === (isPod ? hop.place.slice(0, -4) : hop.place),
  );
  if (host !== undefined) {
    if (isPod) return [podOf(host)];
    if (host.kind !== 'underlay') return [{ x: host.x, y: host.y }];
  }
  const crossed = [hop.arrives, hop.leaves].map((port) => cableOf(port, cables));
  const segment = segmentOf(hop, topology);
  const box = host ?? boxes.find(({ name, kind }) => kind === 'segment' && name === segment);
  const [arrives, leaves] = crossed;
  return [
    ...(arrives ? [arrives.from, arrives.to] : []),
    ...(box === undefined || (arrives && leaves) ? [] : [{ x: box.x, y: box.y }]),
    ...(leaves ? [leaves.to, leaves.from] : []),
  ];
}

/** The place of a node's pod in its box. */
export function podOf({ x, y, height }: DrawnBox): DrawnPoint {
  return { x, y: y - height / 2 + 12 };
}

function cableOf(port: string | null, cables: readonly DrawnCable[]): DrawnCable | undefined {
  return cables.find((cable) => cable.port === port);
}

function segmentOf({ arrives, leaves }: Hop, { hosts }: PageTopology): string | undefined {
  const links = hosts.flatMap(({ links: all }) => all);
  return links.find(({ port }) => port === arrives || port === leaves)?.segment;
}
