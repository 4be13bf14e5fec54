import type { EngineMeasurement, Measurement } from './measure.ts';
import type { RecipeName } from './peers.ts';

export interface BenchReport {
  /** What it was measured on. */
  readonly machine: string;
  readonly measurements: readonly Measurement[];
  readonly engine: EngineMeasurement | undefined;
  readonly helpMs: number;
}

/** A figure that heddle means to reach. */
export interface Goal {
  readonly what: string;
  readonly unit: '×' | 'ms' | 'MB';
  readonly most: number;
  readonly measured: number;
}

/** The goals that a report has the figures for. */
export function judgeGoals({ measurements, helpMs }: BenchReport): readonly Goal[] {
  const find = (recipe: RecipeName, size: number): Measurement | undefined =>
    measurements.find((each) => each.recipe === recipe && each.family === 'ipv4' && each.size === size);
  const goals: Goal[] = [];
  const add = (what: string, unit: Goal['unit'], most: number, measured: number | undefined): void => {
    if (measured !== undefined) goals.push({ what, unit, most, measured });
  };
  const [first, extension, vxlan] = [
    find('extension', 1000),
    find('extension', 10_000),
    find('vxlan', 10_000),
  ];
  add("1,000 peers, flannel's own recipe: of the serial loop", '×', 0.1, first?.ratio);
  add("10,000 peers, flannel's own recipe: of the serial loop", '×', 0.05, extension?.ratio);
  add('1,000 peers, vxlan: of flanneld', '×', 0.5, find('vxlan', 1000)?.ofFlanneld);
  add('10,000 peers, vxlan: of flanneld', '×', 0.1, vxlan?.ofFlanneld);
  for (const recipe of ['extension', 'vxlan', 'host-gw', 'wireguard'] as const) {
    const [ten, fifty] = [find(recipe, 10_000), find(recipe, 50_000)];
    if (recipe !== 'extension') add(`10,000 peers, ${recipe}: of the raw batch`, '×', 0.65, ten?.ratio);
    add(`10,000 peers, ${recipe}: one change, p99`, 'ms', 10, ten?.change?.p99Ms);
    add(`10,000 peers, ${recipe}: resident at the peak`, 'MB', 100, ten?.peakMb);
    // The kernel takes flannel's own routes in quadratic time: they all have one metric.
    if (recipe !== 'extension')
      add(
        `50,000 peers, ${recipe}: of five times its 10,000`,
        '×',
        1,
        fifty && ten && fifty.filesMs / (5 * ten.filesMs),
      );
  }
  add('heddle --help', 'ms', 150, helpMs);
  add('heddle up to its first command', 'ms', 160, find('vxlan', 100)?.firstCommandMs);
  return goals;
}
