import { h, type JSX } from 'preact';
import type { PagePair } from '../model.ts';
import { describePairShort, heatLegend, heatOf } from '../view/format.ts';
import { Wide } from './widgets.ts';

interface MatrixProps {
  readonly pairs: readonly PagePair[];
  readonly names: readonly string[];
  readonly chosen: string | undefined;
  readonly onPair: (pair: PagePair) => void;
}

/** The heat map: from each row's pod to each column's. */
export function Matrix({ pairs, names, chosen, onPair }: MatrixProps): JSX.Element {
  const byName = new Map(pairs.map((pair) => [`${pair.from} ${pair.to}`, pair]));
  const caption = 'The time of an echo from the pod of each row to the pod of each column';
  return h(
    'div',
    {},
    h(
      Wide,
      { label: caption },
      h(
        'table',
        { class: 'matrix' },
        h('caption', {}, caption),
        h(
          'thead',
          {},
          h(
            'tr',
            {},
            h('th', { scope: 'col' }, 'from ↓ to →'),
            names.map((name) => h('th', { scope: 'col' }, name)),
          ),
        ),
        h(
          'tbody',
          {},
          names.map((from) =>
            h(
              'tr',
              { key: from },
              h('th', { scope: 'row' }, from),
              names.map((to) => cell(from, to, byName.get(`${from} ${to}`), chosen, onPair)),
            ),
          ),
        ),
      ),
    ),
    h(
      'ul',
      { class: 'legend', 'aria-label': 'the colours of the map' },
      heatLegend.map((text, index) => h('li', { class: `heat${index + 1}` }, text)),
      h('li', { class: 'bad' }, '✘ fails'),
    ),
  );
}

function cell(
  from: string,
  to: string,
  pair: PagePair | undefined,
  chosen: string | undefined,
  onPair: MatrixProps['onPair'],
): JSX.Element {
  if (from === to) return h('td', { class: 'self' }, '·');
  if (pair === undefined) return h('td', { class: 'unknown' }, '?');
  const isChosen = chosen === `${from} ${to}`;
  const colour = pair.ok ? `heat${heatOf(pair.rttMs ?? 0)}` : 'bad';
  const text = describePairShort(pair);
  return h(
    'td',
    { class: colour },
    h(
      'button',
      {
        type: 'button',
        'aria-pressed': isChosen,
        'aria-label': `${from} to ${to}: ${text}`,
        onClick: () => onPair(pair),
      },
      pair.ok ? text : `✘ ${text}`,
    ),
  );
}
