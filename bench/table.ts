import Table from 'cli-table3';
import type { BenchReport, Goal } from './goals.ts';
import { judgeGoals } from './goals.ts';

const columns = [
  ...[
    'recipe',
    'peers',
    'without heddle',
    'heddle, files',
    'ratio',
    'heddle, etcd',
    'flanneld, etcd',
    'ratio',
    'removed',
    'CPU',
    'peak',
    'at rest',
  ],
  ...['change p50', 'p99'],
];

/** The report for people, plain enough to be put into a document. */
export function renderBench(report: BenchReport): string {
  const table = makeTable(columns);
  for (const each of report.measurements) {
    table.push([
      ...[
        each.family === 'ipv4' ? each.recipe : `${each.recipe}, ${each.family === 'ipv6' ? 'IPv6' : 'dual'}`,
        each.size.toLocaleString('en'),
        ms(each.baselineMs),
        ms(each.filesMs),
        times(each.ratio),
      ],
      ...[
        ms(each.etcdMs),
        ms(each.flanneldMs),
        times(each.ofFlanneld),
        ms(each.removedMs),
        `${each.cpuSeconds.toFixed(1)} s`,
        mb(each.peakMb),
        mb(each.restMb),
      ],
      ...[ms(each.change?.p50Ms), ms(each.change?.p99Ms)],
    ]);
  }
  const { engine } = report;
  const alone =
    engine &&
    `The engine by itself, ${engine.size.toLocaleString('en')} leases: snapshot ${ms(engine.snapshotMs)}, the same list again ` +
      `${ms(engine.relistMs)}, one change p50 ${ms(engine.change?.p50Ms)} and p99 ${ms(engine.change?.p99Ms)}, ${mb(engine.heapMb)} of heap.`;
  return [
    report.machine,
    table.toString(),
    renderGoals(judgeGoals(report)),
    ...(alone === undefined ? [] : [alone]),
  ].join('\n\n');
}

function renderGoals(goals: readonly Goal[]): string {
  const table = makeTable(['', 'goal', 'at most', 'measured']);
  for (const { what, unit, most, measured } of goals) {
    const show = unit === '×' ? times : unit === 'ms' ? ms : mb;
    table.push([measured <= most ? '✔' : '✘', what, show(most), show(measured)]);
  }
  return table.toString();
}

function makeTable(head: readonly string[]): Table.Table {
  return new Table({ head: [...head], style: { head: [], border: [], compact: true } });
}

const none = '–';

function ms(value: number | undefined): string {
  if (value === undefined) return none;
  return value < 1
    ? `${value.toFixed(2)} ms`
    : value < 10
      ? `${value.toFixed(1)} ms`
      : `${Math.round(value).toLocaleString('en')} ms`;
}

function times(value: number | undefined): string {
  return value === undefined ? none : `${value.toFixed(2)} ×`;
}

function mb(value: number | undefined): string {
  return value === undefined ? none : `${Math.round(value)} MB`;
}
