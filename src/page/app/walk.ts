import { h, type JSX } from 'preact';
import { describeEncapsulation, describeFrame } from '../../lab/trace/render.ts';
import type { Hop, TraceReport } from '../../lab/trace/report.ts';
import { formatMs } from '../view/format.ts';

/** The way of a packet in words: a paragraph for each place. */
export function WalkDetails({
  trace,
  isOpen,
}: {
  readonly trace: TraceReport;
  readonly isOpen: boolean;
}): JSX.Element {
  const { from, to, size, outcome, hops, answerHops, noFrames, translations, counters, firewall } = trace;
  const result =
    outcome.kind === 'answered' ? `answered after ${formatMs(outcome.rttMs)}` : `lost: ${outcome.cause}`;
  const observed = [
    ...translations.map(
      ({ place, field, from: old, to: now, rule }) =>
        `${place} changed the ${field} from ${old} to ${now}${rule === null ? '' : `: ${rule}`}`,
    ),
    ...firewall
      .filter(({ verdict }) => verdict === 'drop')
      .map(({ place, rule }) => `${place} dropped a packet: ${rule}`),
    ...(outcome.kind === 'lost'
      ? counters.map(({ place, name, by }) => `${place} counted ${by} more: ${name}`)
      : []),
  ];
  return h(
    'details',
    { open: isOpen, class: `walk ${outcome.kind}` },
    h('summary', {}, `${from.place} → ${to.place}, ${size} bytes: ${result}`),
    noFrames === null ? null : h('p', {}, `No frames, look-ups only: ${noFrames}`),
    h('ol', { class: 'hops' }, hops.map(describe)),
    answerHops.length === 0
      ? null
      : [h('h3', {}, 'The way of the answer'), h('ol', { class: 'hops' }, answerHops.map(describe))],
    observed.length === 0
      ? null
      : [
          h('h3', {}, 'Observed'),
          h(
            'ul',
            {},
            observed.map((text) => h('li', {}, text)),
          ),
        ],
  );
}

function describe({ place, arrives, leaves, lookUps, encapsulation, frames }: Hop): JSX.Element {
  const way = [arrives === null ? '' : `in by ${arrives}`, leaves === null ? '' : `out by ${leaves}`].filter(
    (text) => text !== '',
  );
  return h(
    'li',
    {},
    h('strong', {}, place),
    way.length === 0 ? null : ` ${way.join(', ')}`,
    h(
      'ul',
      {},
      lookUps.map(({ table, found }) =>
        h('li', {}, h('span', { class: 'kind' }, table), ' ', h('code', {}, found)),
      ),
      encapsulation === null
        ? null
        : h(
            'li',
            {},
            h('span', { class: 'kind' }, 'around'),
            ' ',
            h('code', {}, describeEncapsulation(encapsulation)),
          ),
      frames.map((frame) =>
        h('li', {}, h('span', { class: 'kind' }, frame.packet), ' ', h('code', {}, describeFrame(frame))),
      ),
    ),
  );
}
