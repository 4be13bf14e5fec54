import { h, type JSX } from 'preact';
import type { LabPage, PagePair } from '../model.ts';
import type { TraceReport } from '../../lab/trace/report.ts';
import { drawTopology, tunnelArc, type DrawnBox, type LabDrawing } from '../view/draw-topology.ts';
import { drawWalk, podOf } from '../view/walk.ts';
import { Wide } from './widgets.ts';

interface DrawnProps {
  readonly page: LabPage;
  readonly trace: TraceReport | undefined;
  readonly node: string | undefined;
  readonly onNode: (name: string) => void;
}

/** With more nodes, only the tunnels of one node are drawn, and those that fail. */
const mostForAll = 6;

let drawn: { readonly key: string; readonly drawing: LabDrawing } | undefined;

/** The layout depends on the plan alone, which does not change while a page is open. */
function layOut(page: LabPage): LabDrawing {
  const key = JSON.stringify(page.topology);
  drawn = drawn?.key === key ? drawn : { key, drawing: drawTopology(page.topology) };
  return drawn.drawing;
}

/** The drawing of a lab. The tables below it have the same in words. */
export function Drawn({ page, trace, node, onNode }: DrawnProps): JSX.Element {
  const drawing = layOut(page);
  const names = page.topology.hosts.filter(({ kind }) => kind === 'node').map(({ name }) => name);
  const chosen = node ?? names[0] ?? '';
  const showsAll = names.length <= mostForAll;
  return h(
    'figure',
    {},
    h(
      Wide,
      { label: 'the drawing of the lab' },
      h(
        'svg',
        {
          class: 'topology',
          viewBox: `0 0 ${drawing.width} ${drawing.height}`,
          width: drawing.width,
          height: drawing.height,
          role: 'img',
          'aria-label': describeDrawing(page),
        },
        tunnels(page, drawing, showsAll ? undefined : chosen),
        cables(page, drawing),
        drawing.boxes.map((box) => hostBox(box, page)),
        trace === undefined ? null : walkOf(trace, drawing, page),
        // Above the way of the packet, so that it does not cross out any name.
        drawing.boxes.map((box) => hostText(box, page)),
      ),
    ),
    h(
      'figcaption',
      {},
      'Arcs: the tunnels of the overlay (solid: every test was answered; dashed and red: a test failed; grey: not tested). ',
      'Boxes: hosts and segments. A dashed line with ✘: a link that is cut. ',
      'The thick line: the way of the packet shown below, from its dot to its end; ✘: lost there. ',
      showsAll
        ? null
        : [
            h('label', { for: 'tunnels-of' }, 'Tunnels of '),
            h(
              'select',
              {
                id: 'tunnels-of',
                value: chosen,
                onChange: (event: Event) => onNode((event.currentTarget as HTMLSelectElement).value),
              },
              names.map((name) => h('option', { value: name }, name)),
            ),
            ', and all that fail.',
          ],
    ),
  );
}

function describeDrawing({ topology, listing, pairs }: LabPage): string {
  const cut = listing.nodes.filter(({ link }) => link === 'cut').map(({ name }) => name);
  const failed = pairs.filter(({ ok }) => !ok).length;
  const count = (kind: string): number => topology.hosts.filter((host) => host.kind === kind).length;
  return [
    `The lab: ${count('node')} nodes, ${topology.segments.length} segments, ${count('router') + count('underlay')} routers`,
    ...(cut.length === 0 ? [] : [`disconnected: ${cut.join(', ')}`]),
    ...(failed === 0 ? [] : [`${failed} of ${pairs.length} pairs fail`]),
  ].join('; ');
}

/** One arc for both directions; it fails if one of them does. */
function tunnels({ pairs, topology }: LabPage, { boxes }: LabDrawing, only: string | undefined): JSX.Element {
  const nodes = topology.hosts.filter(({ kind }) => kind === 'node').map(({ name }) => name);
  const isPair = (pair: PagePair, one: string, other: string): boolean =>
    (pair.from === one && pair.to === other) || (pair.from === other && pair.to === one);
  const arcs = nodes.flatMap((one, index) =>
    nodes.slice(index + 1).flatMap((other) => {
      const [from, to] = [one, other].map((name) =>
        boxes.find((box) => box.name === name && box.kind === 'node'),
      );
      const tested = pairs.filter((pair) => isPair(pair, one, other));
      const state = tested.length === 0 ? 'unknown' : tested.every(({ ok }) => ok) ? 'works' : 'fails';
      if (from === undefined || to === undefined) return [];
      if (only !== undefined && state !== 'fails' && one !== only && other !== only) return [];
      return [
        h('path', {
          key: `${one} ${other}`,
          class: `tunnel ${state}`,
          'data-tunnel': `${one} ${other}`,
          d: tunnelArc(from, to),
        }),
      ];
    }),
  );
  return h('g', {}, arcs);
}

function cables({ listing, links }: LabPage, drawing: LabDrawing): JSX.Element {
  const hosts = [...listing.nodes, ...(listing.server === null ? [] : [listing.server])];
  return h(
    'g',
    {},
    drawing.cables.map(({ names, host, from, to }) => {
      const isCut = hosts.some(({ name, link }) => name === host && link === 'cut');
      const link = links.find(({ name }) => names.includes(name));
      const limits =
        link === undefined
          ? []
          : [link.mtu === 1500 ? null : `MTU ${link.mtu}`, link.loss, link.rate, link.delay];
      const label = limits.filter((limit) => limit !== null).join(' ');
      const middle = { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 };
      return h(
        'g',
        { key: names.join(' '), class: `cable ${isCut ? 'cut' : 'joined'}`, 'data-cable': names.join(' ') },
        h('line', { x1: from.x, y1: from.y, x2: to.x, y2: to.y }),
        isCut
          ? h('text', { class: 'cross', x: middle.x, y: middle.y + 6, 'text-anchor': 'middle' }, '✘')
          : null,
        label === '' ? null : h('text', { class: 'limit', x: middle.x + 4, y: middle.y + 4 }, label),
      );
    }),
  );
}

/** The state of a host's program, in a word; empty for a host without one. */
function stateOf({ name, kind }: DrawnBox, { listing, states }: LabPage): string {
  if (kind === 'server') return listing.server?.name === name ? listing.server.daemon : '';
  if (kind !== 'node') return '';
  const node = listing.nodes.find((each) => each.name === name);
  const state = node?.ended == null ? states.find((each) => each.node === name)?.state : undefined;
  return state ?? node?.daemon ?? '';
}

function hostBox(box: DrawnBox, page: LabPage): JSX.Element {
  const { name, kind, x, y, width, height } = box;
  const pod = podOf(box);
  return h(
    'g',
    { key: `${kind} ${name}`, class: `host ${kind} ${stateOf(box, page)}`, 'data-host': name },
    h('rect', { x: x - width / 2, y: y - height / 2, width, height, rx: kind === 'segment' ? 16 : 6 }),
    kind === 'node'
      ? h('rect', { class: 'pod', x: pod.x - 20, y: pod.y - 9, width: 40, height: 18, rx: 9 })
      : null,
  );
}

function hostText(box: DrawnBox, page: LabPage): JSX.Element {
  const { name, kind, x, y, height } = box;
  const shown = stateOf(box, page);
  const node = page.listing.nodes.find((each) => each.name === name);
  const lines =
    kind === 'node'
      ? [shown, node?.subnet ?? node?.ipv6Subnet ?? 'no subnet']
      : kind === 'server'
        ? [shown]
        : [kind === 'underlay' ? 'router of the lab' : kind];
  const text = (content: string, offset: number, style: string): JSX.Element =>
    h(
      'text',
      { class: style, x, y: y - height / 2 + offset, 'text-anchor': 'middle' },
      content.length > 17 ? `${content.slice(0, 16)}…` : content,
    );
  const first = kind === 'node' ? 38 : 17;
  const pod = podOf(box);
  return h(
    'g',
    { key: `${kind} ${name}`, class: 'host-text' },
    kind === 'node'
      ? h('text', { class: 'pod-text', x: pod.x, y: pod.y + 4, 'text-anchor': 'middle' }, 'pod')
      : null,
    text(name, first, 'name'),
    lines.map((line, index) => text(line, first + 15 * (index + 1), 'line')),
  );
}

function walkOf(trace: TraceReport, drawing: LabDrawing, page: LabPage): JSX.Element | null {
  const { points, lostAt } = drawWalk(trace, drawing, page.topology);
  if (points.length < 2) return null;
  return h(
    'g',
    { class: `way ${trace.outcome.kind}` },
    h('polyline', { points: points.map(({ x, y }) => `${x},${y}`).join(' ') }),
    h('circle', { cx: (points[0]?.x ?? 0) - 20, cy: points[0]?.y, r: 5 }),
    lostAt === undefined
      ? null
      : h('text', { class: 'lost-mark', x: lostAt.x, y: lostAt.y + 9, 'text-anchor': 'middle' }, '✘'),
  );
}
