import { Component, h, type ComponentChildren, type JSX } from 'preact';
import type { Timeline, TimelineEntry, TimelineKind } from '../model.ts';
import { formatMs, timeOfDay } from '../view/format.ts';
import { PageSection, Wide } from './widgets.ts';

const kinds: Readonly<Record<TimelineKind, string>> = {
  lease: 'leases',
  command: 'commands',
  fault: 'faults',
  state: 'states',
  other: 'other events',
};

interface TimelineState {
  readonly kind: TimelineKind | 'all';
}

/** The events of all nodes: a lane for each node, and a table. */
export class TimelineView extends Component<{ readonly timeline: Timeline }, TimelineState> {
  override state: TimelineState = { kind: 'all' };

  override render({ timeline }: { readonly timeline: Timeline }, { kind }: TimelineState): ComponentChildren {
    const { entries, omitted } = timeline;
    if (entries.length === 0) return null;
    const shown = entries.filter((entry) => kind === 'all' || entry.kind === kind);
    return h(
      PageSection,
      { id: 'timeline', title: 'Time line' },
      h(Lanes, { entries }),
      h(
        'p',
        {},
        h('label', { for: 'timeline-kind' }, 'Show '),
        h(
          'select',
          {
            id: 'timeline-kind',
            value: kind,
            onChange: (event: Event) =>
              this.setState({
                kind: (event.currentTarget as HTMLSelectElement).value as TimelineState['kind'],
              }),
          },
          h('option', { value: 'all' }, 'everything'),
          Object.entries(kinds).map(([value, text]) => h('option', { value }, text)),
        ),
        omitted === 0 ? null : ` ${omitted} older or less important events are not shown.`,
      ),
      h(
        Wide,
        { label: 'events' },
        h(
          'table',
          { class: 'events' },
          h('caption', {}, `${shown.length} events, the newest first`),
          h(
            'thead',
            {},
            h(
              'tr',
              {},
              ['time', 'node', 'event', 'took', 'run by'].map((text) => h('th', { scope: 'col' }, text)),
            ),
          ),
          h('tbody', {}, [...shown].reverse().map(row)),
        ),
      ),
    );
  }
}

function row({ at, node, level, kind, text, detail, durationMs, ranBy }: TimelineEntry): JSX.Element {
  return h(
    'tr',
    { class: `${level} ${kind}` },
    h('td', { class: 'time' }, h('time', { dateTime: at }, timeOfDay(at))),
    h('td', {}, node),
    h(
      'td',
      {},
      level === 'error' || level === 'warn' ? h('span', { class: 'level' }, `${level} `) : null,
      text,
      detail === '' ? null : h('pre', {}, detail),
    ),
    h('td', { class: 'number' }, durationMs === null ? '' : formatMs(durationMs)),
    h('td', {}, ranBy === 'compiled' ? 'compiled' : ranBy === 'shell' ? 'the shell' : ''),
  );
}

const lane = { height: 22, left: 96, width: 900 } as const;

/** A lane for each node. The table has the same for those who cannot see it. */
function Lanes({ entries }: { readonly entries: readonly TimelineEntry[] }): JSX.Element {
  const nodes = [...new Set(entries.map(({ node }) => node))].sort();
  const times = entries.map(({ at }) => Date.parse(at)).filter((time) => !Number.isNaN(time));
  const begin = Math.min(...times);
  const span = Math.max(1, Math.max(...times) - begin);
  const xOf = (at: string): number =>
    lane.left + ((Date.parse(at) - begin) / span) * (lane.width - lane.left - 12);
  const height = nodes.length * lane.height + 24;
  return h(
    Wide,
    { label: 'lanes of the time line' },
    h(
      'svg',
      {
        class: 'lanes',
        viewBox: `0 0 ${lane.width} ${height}`,
        role: 'img',
        'aria-label': `The events of ${nodes.length} hosts within ${formatMs(span)}; the table below lists them`,
      },
      nodes.map((node, index) => {
        const y = index * lane.height + 14;
        return h(
          'g',
          { key: node },
          h('text', { x: 4, y: y + 4 }, node.slice(0, 14)),
          h('line', { class: 'axis', x1: lane.left, x2: lane.width - 8, y1: y, y2: y }),
          entries.filter((entry) => entry.node === node).map((entry) => mark(entry, xOf(entry.at), y, span)),
        );
      }),
      h('text', { x: lane.left, y: height - 4 }, timeOfDay(entries[0]?.at ?? '')),
      h(
        'text',
        { x: lane.width - 8, y: height - 4, 'text-anchor': 'end' },
        timeOfDay(entries.at(-1)?.at ?? ''),
      ),
    ),
  );
}

/** A command is a bar that ends when it ended. Each kind has a shape of its own, because not everybody tells colours apart. */
function mark({ kind, level, durationMs }: TimelineEntry, x: number, y: number, span: number): JSX.Element {
  const name = `mark ${kind} ${level}`;
  switch (kind) {
    case 'command': {
      const width = Math.max(3, ((durationMs ?? 0) / span) * (lane.width - lane.left));
      return h('rect', { class: name, x: Math.max(lane.left, x - width), y: y - 4, width, height: 8 });
    }
    case 'lease':
      return h('circle', { class: name, cx: x, cy: y, r: 5 });
    case 'fault':
      return h('path', { class: name, d: `M${x} ${y - 7}L${x + 6} ${y + 5}H${x - 6}Z` });
    case 'state':
      return h('path', { class: name, d: `M${x} ${y - 6}L${x + 5} ${y}L${x} ${y + 6}L${x - 5} ${y}Z` });
    case 'other':
      return h('line', { class: name, x1: x, x2: x, y1: y - 3, y2: y + 3 });
  }
}
