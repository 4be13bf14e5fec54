import type { MemoryFigures } from './resources.ts';
import { mostGrowth } from './resources.ts';
import type { RestCheck } from './rest.ts';

export interface SoakReport {
  readonly seed: number;
  readonly minutes: number;
  readonly nodes: number;
  readonly peers: number;
  /** How long it took, set-up included. */
  readonly seconds: number;
  /** How often each action was done. */
  readonly actions: Readonly<Record<string, number>>;
  readonly checks: readonly RestCheck[];
  /** Of the node whose daemon is never ended. */
  readonly memory: MemoryFigures;
  readonly descriptors: {
    readonly before: number;
    readonly after: number;
    readonly differences: readonly string[];
  };
  /** Files and processes that are left over. */
  readonly leftovers: readonly string[];
  /** What else went wrong: a daemon that ended by itself, for example. */
  readonly troubles: readonly string[];
}

interface Verdict {
  readonly ok: boolean;
  readonly text: string;
  readonly details: readonly string[];
}

/** How many of the entries that are wrong are named. */
const mostNamed = 20;

export function hasPassed(report: SoakReport): boolean {
  return judge(report).every(({ ok }) => ok);
}

/** The summary: a line for each promise, and below it what breaks it. */
export function renderSoakReport(report: SoakReport): string {
  const actions = Object.entries(report.actions).map(([name, count]) => `${count} × ${name}`);
  return [
    `${report.seconds} s, seed ${report.seed}: ${actions.join(', ')}`,
    ...judge(report).flatMap(({ ok, text, details }) => [
      `${ok ? '✔' : '✘'} ${text}`,
      ...details.slice(0, mostNamed).map((detail) => `    ${detail}`),
      ...(details.length > mostNamed ? [`    and ${details.length - mostNamed} more`] : []),
    ]),
  ].join('\n');
}

function judge({ checks, nodes, memory, descriptors, leftovers, troubles }: SoakReport): readonly Verdict[] {
  const last = checks.at(-1);
  const count = (kind: 'stale' | 'missing'): number =>
    last?.nodes.reduce((sum, node) => sum + node[kind].length, 0) ?? NaN;
  const wrong = (last?.nodes ?? []).flatMap(({ name, stale, missing, unrest }) => [
    ...(unrest === undefined ? [] : [`${name}: ${unrest}`]),
    ...stale.map((entry) => `${name}: stale ${entry}`),
    ...missing.map((entry) => `${name}: missing ${entry}`),
  ]);
  return [
    {
      ok: checks.length > 0 && checks.every(({ passed }) => passed),
      text: `${count('stale')} stale, ${count('missing')} missing on ${nodes} nodes at the last of ${checks.length} checks`,
      details: wrong,
    },
    {
      ok: memory.ratio <= mostGrowth,
      text:
        `memory ${memory.lastMb.toFixed(1)} MB in the last quarter, ${memory.secondMb.toFixed(1)} MB in the second: ` +
        `${memory.ratio.toFixed(2)} ×, at most ${mostGrowth} ×`,
      details: [],
    },
    {
      ok: descriptors.differences.length === 0,
      text: `${descriptors.after} descriptors at rest, ${descriptors.before} before`,
      details: descriptors.differences,
    },
    {
      ok: leftovers.length === 0,
      text: `${leftovers.length} files and processes left over`,
      details: leftovers,
    },
    { ok: troubles.length === 0, text: `${troubles.length} other troubles`, details: troubles },
  ];
}
