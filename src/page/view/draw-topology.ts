import { Graph, layout } from '@dagrejs/dagre';
import type { PageHost, PageTopology } from '../model.ts';

/** A point of the drawing, in units of its view box. */
export interface DrawnPoint {
  readonly x: number;
  readonly y: number;
}

/** A box of the drawing, by its centre. */
export interface DrawnBox extends DrawnPoint {
  readonly name: string;
  readonly kind: PageHost['kind'] | 'segment';
  readonly width: number;
  readonly height: number;
}

/** A cable between a host and a segment, or between two hosts. */
export interface DrawnCable {
  /** The links of the lab that it stands for: `node1:eth0`. */
  readonly names: readonly string[];
  readonly host: string;
  readonly segment: string;
  readonly port: string;
  readonly from: DrawnPoint;
  readonly to: DrawnPoint;
}

export interface LabDrawing {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly DrawnBox[];
  readonly cables: readonly DrawnCable[];
}

/** A place that dagre decided. */
interface Placed {
  readonly x?: number;
  readonly y?: number;
  readonly width?: number;
  readonly height?: number;
}

/** The part of dagre's graph that is used here. The types that come with dagre import a package without types. */
interface RowGraph {
  setGraph(label: object): unknown;
  setDefaultEdgeLabel(make: () => object): unknown;
  setNode(name: string, label: object): unknown;
  setEdge(from: string, to: string): unknown;
  hasNode(name: string): boolean;
  node(name: string): Placed;
  graph(): Placed;
}

const nodeSize = { width: 104, height: 74 };
const otherSize = { width: 104, height: 44 };
/** The width of a segment for each of its links, and of a short one. */
const linkWidth = 46;
const shortSegment = 130;
/** The room above the nodes for the tunnels of the overlay, for each node that an arc passes. */
const arcRoom = 26;
const leastArcRoom = 64;
const mostArcRoom = 190;

/**
 * Places the hosts and segments of a lab: the nodes in one row, with room for the tunnels above them, then the segments, then routers and
 * servers. dagre orders each row so that few cables cross.
 */
export function drawTopology({ segments, hosts }: PageTopology): LabDrawing {
  const switches = segments.filter(({ isCable }) => !isCable);
  const cables = new Set(segments.filter(({ isCable }) => isCable).map(({ name }) => name));
  const graph = new (Graph as unknown as new () => RowGraph)();
  graph.setGraph({ rankdir: 'TB', nodesep: 14, ranksep: 46, marginx: 12, marginy: 12 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { name, kind } of hosts) graph.setNode(name, { ...(kind === 'node' ? nodeSize : otherSize) });
  const linksTo = (segment: string): number =>
    hosts.flatMap(({ links }) => links).filter((link) => link.segment === segment).length;
  for (const { name } of switches)
    graph.setNode(segmentId(name), { width: Math.max(shortSegment, linksTo(name) * linkWidth), height: 40 });
  for (const { name, kind, links } of hosts) {
    for (const { segment } of links) {
      if (!cables.has(segment)) {
        const [upper, lower] = kind === 'node' ? [name, segmentId(segment)] : [segmentId(segment), name];
        graph.setEdge(upper, lower);
      } else if (kind === 'node') graph.setEdge(name, centreOf(hosts));
      else if (kind !== 'underlay') graph.setEdge(centreOf(hosts), name);
    }
  }
  (layout as (graph: RowGraph) => unknown)(graph);
  sortTwins(graph, hosts);
  const room = Math.min(
    mostArcRoom,
    Math.max(leastArcRoom, hosts.filter(({ kind }) => kind === 'node').length * arcRoom),
  );
  const place = (id: string): Omit<DrawnBox, 'name' | 'kind'> => {
    const { x = 0, y = 0, width = 0, height = 0 } = graph.node(id);
    return { x: round(x), y: round(y + room), width, height };
  };
  const boxes: readonly DrawnBox[] = [
    ...hosts.map(({ name, kind }) => ({ name, kind, ...place(name) })),
    ...switches.map(({ name }) => ({ name, kind: 'segment' as const, ...place(segmentId(name)) })),
  ];
  const { width = 0, height = 0 } = graph.graph();
  return {
    width: Math.ceil(width),
    height: Math.ceil(height + room),
    boxes,
    cables: placeCables(hosts, boxes, cables),
  };
}

/** Puts hosts with the same neighbours into their own order, which dagre does not know. */
function sortTwins(graph: RowGraph, hosts: readonly PageHost[]): void {
  const groups = new Map<string, string[]>();
  for (const { name, kind, links } of hosts) {
    const key = [
      kind,
      ...links.map(({ segment }) => (graph.hasNode(segmentId(segment)) ? segment : '')),
    ].join(' ');
    groups.set(key, [...(groups.get(key) ?? []), name]);
  }
  for (const names of groups.values()) {
    const places = names.map((name) => graph.node(name).x ?? 0).sort((one, other) => one - other);
    for (const [index, name] of names.entries()) {
      const node = graph.node(name);
      graph.setNode(name, { ...node, x: places[index] ?? node.x });
    }
  }
}

/** Segments and hosts may have the same name. */
function segmentId(name: string): string {
  return `segment ${name}`;
}

/** The lab's own router, to which cables lead. */
function centreOf(hosts: readonly PageHost[]): string {
  return hosts.find(({ kind }) => kind === 'underlay')?.name ?? '';
}

/** Joins each host with the boxes of its segments. The ends on a segment are in the order of the hosts, so that no two cables cross there. */
function placeCables(
  hosts: readonly PageHost[],
  boxes: readonly DrawnBox[],
  cables: ReadonlySet<string>,
): readonly DrawnCable[] {
  const boxOf = (name: string): DrawnBox | undefined =>
    boxes.find((box) => box.name === name && box.kind !== 'segment');
  const ends = hosts
    .filter(({ kind }) => kind !== 'underlay')
    .flatMap(({ name, links }) =>
      links.flatMap((link) => {
        const host = boxOf(name);
        const target = cables.has(link.segment)
          ? boxes.find(({ kind }) => kind === 'underlay')
          : boxes.find((box) => box.kind === 'segment' && box.name === link.segment);
        return host === undefined || target === undefined ? [] : [{ host, target, link }];
      }),
    );
  return ends.map(({ host, target, link }) => {
    const isAbove = host.y < target.y;
    const others = ends
      .filter((end) => end.target === target && end.host.y < target.y === isAbove)
      .sort((one, other) => one.host.x - other.host.x);
    const index = others.findIndex((end) => end.link === link);
    const step = target.width / (others.length + 1);
    return {
      names: [link.name],
      host: host.name,
      segment: link.segment,
      port: link.port,
      from: { x: host.x, y: round(host.y + (isAbove ? host.height : -host.height) / 2) },
      to: {
        x: round(target.x - target.width / 2 + step * (index + 1)),
        y: round(target.y + (isAbove ? -target.height : target.height) / 2),
      },
    };
  });
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** The arc of a tunnel between two nodes, as an SVG path. Longer arcs reach higher, and none above the drawing. */
export function tunnelArc(one: DrawnBox, other: DrawnBox): string {
  const [left, right] = one.x <= other.x ? [one, other] : [other, one];
  const top = left.y - left.height / 2;
  const rise = Math.min(top - 8, 26 + (right.x - left.x) / 9);
  // The highest point of such a curve is at three quarters of its control points.
  const control = round(top - (rise * 4) / 3);
  return `M${left.x} ${top}C${left.x} ${control} ${right.x} ${control} ${right.x} ${top}`;
}
