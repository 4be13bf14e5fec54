import { Chalk } from 'chalk';
import Table from 'cli-table3';
import { formatCount } from '../../diagnostic/words.ts';
import type { HostStatus, LabNodeStatus, RouterStatus } from '../protocol.ts';
import type { LabReport, LabTrouble, NodeReport, PairReport } from './report.ts';

export interface RenderOptions {
  readonly colour: boolean;
}

/** Renders the report of `lab run` for people: nodes, matrix, failures, and one closing line. */
export function renderReport(
  report: LabReport,
  troubles: readonly LabTrouble[],
  options: RenderOptions,
): string {
  const sections = [renderNodes(report.nodes, options)];
  if (report.pairs.length > 0) sections.push(renderMatrix(report, options));
  const explained = new Set(troubles.map(({ message }) => message));
  const others = report.reasons.filter((reason) => !explained.has(reason));
  if (troubles.length > 0) sections.push(renderTroubles(troubles, options));
  if (others.length > 0) sections.push(others.map((reason) => `${cross(options)} ${reason}`).join('\n'));
  sections.push(closingLine(report, options));
  return sections.join('\n\n') + '\n';
}

/** Summarises a report: `3 nodes, 6 of 6 pairs reach each other, ready in 812 ms, nothing left behind` */
export function summariseReport(report: LabReport): string {
  const answered = report.pairs.filter(({ ok }) => ok).length;
  return [
    formatCount(report.nodes.length, 'node'),
    ...(report.pairs.length === 0 ? [] : [`${answered} of ${report.pairs.length} pairs reach each other`]),
    ...describeLife(report),
  ].join(', ');
}

/** When a lab was ready, and what it left behind, as clauses. */
export function describeLife(
  report: Pick<LabReport, 'readyMs' | 'nodes' | 'leftovers' | 'kept'>,
): readonly string[] {
  const { leftovers, kept } = report;
  const traces = formatCount(kept.length, 'trace');
  return [
    describeReadiness(report),
    leftovers.length === 0 ? 'nothing left behind' : `${formatCount(leftovers.length, 'trace')} left behind`,
    ...(kept.length === 0 ? [] : [`${traces} kept, because the recipe does not have a ShutdownCommand`]),
  ];
}

/** Describes when the lab was ready: when every node had added every other. A node has its MTU once it is ready. */
function describeReadiness({ readyMs, nodes }: Pick<LabReport, 'readyMs' | 'nodes'>): string {
  if (readyMs !== null) return `ready in ${readyMs} ms`;
  const ready = nodes.filter(({ mtu }) => mtu !== null).length;
  if (ready === nodes.length) return 'all nodes ready, but not every node added every other';
  return ready === 0 ? 'no node ready' : `only ${ready} of ${formatCount(nodes.length, 'node')} ready`;
}

function closingLine(report: LabReport, options: RenderOptions): string {
  return `${closingMark(report.passed, options)} ${report.recipe}: ${summariseReport(report)}`;
}

/** The mark of success or failure. */
export function closingMark(passed: boolean, options: RenderOptions): string {
  return passed ? paint('green', '✔', options) : cross(options);
}

/** Renders the addresses of each node. */
export function renderNodes(nodes: readonly NodeReport[], options: RenderOptions): string {
  const table = makeTable(['node', 'public IP', 'subnet', 'pod', 'MTU'], options);
  for (const node of nodes) table.push([nameCell(node), ...addressCells(node)]);
  return table.toString();
}

/** Renders the nodes of `lab ps`, the server of the store if there is one, and the routers. */
export function renderLabStatus(
  {
    nodes,
    server,
    routers,
  }: {
    readonly nodes: readonly LabNodeStatus[];
    readonly server: HostStatus | null;
    readonly routers: readonly RouterStatus[];
  },
  options: RenderOptions,
): string {
  const table = makeTable(['node', 'daemon', 'pid', 'link', 'public IP', 'subnet', 'pod', 'MTU'], options);
  for (const node of nodes) table.push([nameCell(node), ...hostCells(node), ...addressCells(node)]);
  if (server) table.push([server.name, ...hostCells(server), server.publicIp, '–', '–', '–']);
  for (const { name, addresses } of routers)
    table.push([name, 'router', '–', '–', addresses.join('\n'), '–', '–', '–']);
  return table.toString();
}

function nameCell({ name, program }: Pick<NodeReport, 'name' | 'program'>): string {
  return program === undefined ? name : `${name} (${program})`;
}

function hostCells({ daemon, ended, pid, link }: HostStatus): (string | number)[] {
  return [ended === null ? daemon : `${daemon}: ${ended}`, pid ?? '–', link];
}

function addressCells(node: NodeReport): string[] {
  const both = (first: string | null, second: string | undefined): string =>
    second === undefined ? (first ?? '–') : `${first ?? '–'}\n${second}`;
  return [
    both(node.publicIp, node.publicIpv6),
    both(node.subnet, node.ipv6Subnet),
    both(node.pod, node.ipv6Pod),
    node.mtu === null ? '–' : String(node.mtu),
  ];
}

/** Renders the round-trip times in milliseconds from each row's pod to each column's; a cross for a failure. */
export function renderMatrix(
  { nodes, pairs }: Pick<LabReport, 'nodes' | 'pairs'>,
  options: RenderOptions,
): string {
  const names = nodes.map(({ name }) => name);
  const table = makeTable(['ms from ↓ to →', ...names], options);
  const cells = new Map(pairs.map((pair) => [`${pair.from} ${pair.to}`, matrixCell(pair, options)]));
  for (const from of names) {
    table.push([from, ...names.map((to) => (from === to ? '·' : (cells.get(`${from} ${to}`) ?? '?')))]);
  }
  return table.toString();
}

function matrixCell({ ok, rttMs }: PairReport, options: RenderOptions): string {
  const time = rttMs === null ? '' : formatMilliseconds(rttMs);
  return ok ? time : `${cross(options)} ${time}`.trimEnd();
}

function formatMilliseconds(value: number): string {
  return value < 10 ? value.toFixed(2) : value.toFixed(0);
}

/** Renders the failures of nodes, each with its hint and the end of its stderr. */
export function renderTroubles(troubles: readonly LabTrouble[], options: RenderOptions): string {
  return troubles
    .map(({ message, hint, detail }) =>
      [
        `${cross(options)} ${message}`,
        ...(detail === undefined ? [] : detail.split('\n').map((line) => `    ${line}`)),
        ...(hint === undefined ? [] : [`  ${hint}`]),
      ].join('\n'),
    )
    .join('\n');
}

/** A table with a head, as all tables of a lab are. */
export function makeTable(head: string[], options: RenderOptions): InstanceType<typeof Table> {
  return new Table({
    head,
    style: { head: options.colour ? ['bold'] : [], border: options.colour ? ['dim'] : [] },
  });
}

function cross(options: RenderOptions): string {
  return paint('red', '✘', options);
}

function paint(colour: 'red' | 'green', text: string, options: RenderOptions): string {
  return new Chalk({ level: options.colour ? 1 : 0 })[colour](text);
}
