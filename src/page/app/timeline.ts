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
  /** Whether the table has all entries, in place of the newest. */
  readonly isLong: boolean;
}

/** The most entries of the table at first. More of them would push the rest of the page far down on a phone. */
const mostAtFirst = 100;

/** The events of all nodes: a lane for each node, and a table. */
export class TimelineView extends Component<{ readonly timeline: Timeline }, TimelineState> {
  override state: TimelineState = { kind: 'all', isLong: false };

  override render(
    { timeline }: { readonly timeline: Timeline },
    { kind, isLong }: TimelineState,
  ): ComponentChildren {
    const { entries, omitted } = timeline;
    if (entries.length === 0) return null;
    const ofKind = entries.filter((entry) => kind === 'all' || entry.kind === kind);
    const shown = isLong ? ofKind : ofKind.slice(-mostAtFirst);
    const older = ofKind.length - shown.length;
    return h(
      PageSection,
      { id: 'timeline', title: 'Time line' },
      h(Lanes, { entries }),
      h(Legend, {}),
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
      older === 0
        ? null
        : h(
            'button',
            { type: 'button', class: 'more', onClick: () => this.setState({ isLong: true }) },
            `Show ${older} older events`,
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

/** Orders `node2` before `node10`. */
const byNumber = new Intl.Collator('en', { numeric: true });

const lane = { height: 22, left: 96, width: 900 } as const;

/** A lane for each node. The table has the same for those who cannot see it. */
function Lanes({ entries }: { readonly entries: readonly TimelineEntry[] }): JSX.Element {
  const nodes = [...new Set(entries.map(({ node }) => node))].sort(byNumber.compare);
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
          entries
            .filter((entry) => entry.node === node)
            .map((entry) => markIn(entry, xOf(entry.at), y, span)),
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

/** Draws an entry in its lane, where a command's bar ends at the command's end, and does not begin before the lane. */
function markIn(entry: TimelineEntry, x: number, y: number, span: number): JSX.Element {
  if (entry.kind !== 'command') return mark(entry, x, y);
  const wanted = Math.max(3, ((entry.durationMs ?? 0) / span) * (lane.width - lane.left));
  const from = Math.max(lane.left, x - wanted);
  const width = Math.max(3, x - from);
  return mark(entry, from + width / 2, y, width);
}

/** The shapes of the lanes, each with its meaning. */
function Legend(): JSX.Element {
  return h(
    'ul',
    { class: 'legend shapes', 'aria-label': 'the shapes of the lanes' },
    Object.entries(kinds).map(([kind, text]) =>
      h(
        'li',
        { key: kind },
        h(
          'svg',
          { width: 16, height: 16, viewBox: '-8 -8 16 16', 'aria-hidden': 'true' },
          mark({ kind: kind as TimelineKind, level: kind === 'fault' ? 'warn' : 'info' }, 0, 0),
        ),
        ` ${text}`,
      ),
    ),
  );
}

/**
 * Draws the shape of an entry around a point. Each kind has a shape of its own, because not everybody tells colours apart.
 *
 * @param width the width of a command's bar
 */
function mark(
  { kind, level }: Pick<TimelineEntry, 'kind' | 'level'>,
  x: number,
  y: number,
  width = 12,
): JSX.Element {
  const name = `mark ${kind} ${level}`;
  switch (kind) {
    case 'command':
      return h('rect', { class: name, x: x - width / 2, y: y - 4, width, height: 8 });
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
