import { Chalk, type ChalkInstance } from 'chalk';
import type { RenderOptions } from '../report/render.ts';
import type { Encapsulation, Hop, SeenFrame, TraceReport } from './report.ts';

/** Renders a trace for people: a paragraph for each place, then the outcome. */
export function renderTrace(report: TraceReport, { colour }: RenderOptions): string {
  const chalk = new Chalk({ level: colour ? 1 : 0 });
  const { from, to, size, noFrames, hops, answerHops } = report;
  const title = `${from.place} ${from.address} → ${to.place} ${to.address}: an echo of ${size} bytes that must not be fragmented`;
  const sections = [
    [chalk.bold(title), ...(noFrames === null ? [] : [`No frames, look-ups only: ${noFrames}`])].join('\n'),
    ...hops.map((hop) => renderHop(hop, chalk)),
    ...(answerHops.length === 0
      ? []
      : [chalk.bold('The way of the answer'), ...answerHops.map((hop) => renderHop(hop, chalk))]),
    ...renderObservations(report),
    renderOutcome(report, chalk),
  ];
  return sections.join('\n\n');
}

function renderHop(
  { place, arrives, lookUps, encapsulation, leaves, frames }: Hop,
  chalk: ChalkInstance,
): string {
  const way = [arrives === null ? '' : `in by ${arrives}`, leaves === null ? '' : `out by ${leaves}`]
    .filter((text) => text !== '')
    .join(', ');
  const rows = [
    ...lookUps.map(({ table, found }) => row(table, found)),
    ...(encapsulation === null ? [] : [row('around', describeEncapsulation(encapsulation))]),
    ...frames.map((frame) => row(frame.packet, describeFrame(frame))),
  ];
  return [`${chalk.bold(place)}${way === '' ? '' : `  ${way}`}`, ...rows].join('\n');
}

function row(label: string, text: string): string {
  return `  ${label.padEnd(10)} ${text}`;
}

/** The encapsulation of a packet, in a line. */
export function describeEncapsulation({
  kind,
  vni,
  source,
  destination,
  port,
  overhead,
  encrypted,
}: Encapsulation): string {
  const network = vni === null ? '' : ` VNI ${vni}`;
  const sender = source === null ? '' : `${source} → `;
  const to = port === null ? '' : ` UDP port ${port}`;
  return `${kind}${network}, ${sender}${destination}${to}, ${overhead} bytes more${encrypted ? ', encrypted: only the outer packet can be seen' : ''}`;
}

/** A frame in a line, with its device and its time. */
export function describeFrame(frame: SeenFrame): string {
  const { direction, source, destination, size, ports, inner, error } = frame;
  const time = `+${(frame.afterUs / 1000).toFixed(2)} ms`;
  const [sourcePort, destinationPort] =
    ports === null ? ['', ''] : [`:${ports.source}`, `:${ports.destination}`];
  const name = error === null ? '' : ` ${error.what}${error.mtu === null ? '' : `, MTU ${error.mtu}`},`;
  const flags = [...(frame.dontFragment ? ['DF'] : []), ...(frame.isFragment ? ['a fragment'] : [])];
  const outer = `${source}${sourcePort} → ${destination}${destinationPort}, ${[`${size} bytes`, ...flags].join(', ')}`;
  const around =
    frame.encapsulation === null
      ? ''
      : ` ${frame.encapsulation}${frame.vni === null ? '' : ` VNI ${frame.vni}`}`;
  const inside =
    inner === null
      ? frame.encrypted
        ? ', encrypted'
        : ''
      : `, around ${inner.source} → ${inner.destination}, ${inner.size} bytes`;
  return `${frame.interface} ${direction}:${name}${around} ${outer}${inside} (${time})`;
}

function renderObservations({ translations, counters, firewall, outcome }: TraceReport): readonly string[] {
  const lost = outcome.kind === 'lost';
  const lines = [
    ...translations.map(
      ({ place, field, from, to, rule }) =>
        `${place} changed the ${field} from ${from} to ${to}${rule === null ? '' : `: ${rule}`}`,
    ),
    ...firewall
      .filter(({ verdict }) => verdict === 'drop')
      .map(({ place, rule }) => `${place} dropped a packet: ${rule}`),
    ...(lost ? counters.map(({ place, name, by }) => `${place} counted ${by} more: ${name}`) : []),
  ];
  return lines.length === 0 ? [] : [['Observed', ...lines.map((line) => `  ${line}`)].join('\n')];
}

function renderOutcome({ outcome, to, suspicions }: TraceReport, chalk: ChalkInstance): string {
  if (outcome.kind === 'answered') {
    const odd = suspicions.map(({ what }) => `\n  but ${what}`).join('');
    return `${chalk.green('✔')} ${to.place} answered in ${outcome.rttMs} ms${odd}`;
  }
  const { packet, lastSeen, cause, shows, repairs } = outcome;
  const seen =
    lastSeen === null
      ? packet === null
        ? ''
        : `: the ${packet} was not seen anywhere`
      : `: the ${packet} was last seen on ${lastSeen.place}, ${lastSeen.direction === 'in' ? 'arriving on' : 'leaving'} ${lastSeen.interface}`;
  return [
    `${chalk.red('✘')} No answer${seen}`,
    row('cause', cause),
    ...(shows === null ? [] : [row('look', shows)]),
    ...(repairs === null ? [] : [row('repair', repairs)]),
  ].join('\n');
}
