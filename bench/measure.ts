import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { BaselineResult } from './baseline-run.ts';
import { heddleProgram } from './daemon.ts';
import type { EngineResult } from './engine-run.ts';
import type { FlanneldResult } from './flanneld-run.ts';
import type { HeddleOrder, HeddleResult } from './heddle-run.ts';
import type { BenchFamily, RecipeName } from './peers.ts';
import { runInSandbox } from './sandbox.ts';

/** One recipe with so many peers, beside the same entries without heddle. Milliseconds, each the median of its runs. */
export interface Measurement {
  readonly recipe: RecipeName;
  readonly family: BenchFamily;
  readonly size: number;
  readonly baselineMs: number;
  readonly filesMs: number;
  readonly etcdMs: number;
  /** flanneld with the same leases in etcd, and `etcdMs` as a part of that; undefined without a flanneld. */
  readonly flanneldMs: number | undefined;
  readonly ofFlanneld: number | undefined;
  /** `filesMs` as a part of `baselineMs`, the median of the runs' own ratios: the two of a run ran one after the other. */
  readonly ratio: number;
  readonly firstCommandMs: number;
  readonly removedMs: number;
  readonly cpuSeconds: number;
  readonly peakMb: number;
  /** Megabytes once the memory of the start is given back, and one change; measured at some sizes only. */
  readonly restMb: number | undefined;
  readonly change: Change | undefined;
}

interface Change {
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface MeasurePlan {
  readonly recipe: RecipeName;
  readonly family: BenchFamily;
  readonly size: number;
  readonly repeat: number;
  /** The path of a flanneld to compare with; undefined for none. */
  readonly flanneld: string | undefined;
  /** How many changes are timed, one after the other; memory at rest is measured with them. */
  readonly changes: number;
}

export async function measure(plan: MeasurePlan): Promise<Measurement> {
  const { recipe, family, size, repeat } = plan;
  const baselines: number[] = [];
  const runs: HeddleResult[] = [];
  for (let n = 0; n < repeat; n += 1) {
    const order = { recipe, family, size };
    baselines.push((await runInSandbox<BaselineResult>('./baseline-run.ts', order)).milliseconds);
    const isLast = n === repeat - 1;
    runs.push(
      await runHeddle({
        ...order,
        store: 'files',
        changes: isLast ? plan.changes : 0,
        rest: isLast && plan.changes > 0,
      }),
    );
  }
  const etcd: number[] = [];
  const flanneld: number[] = [];
  for (let n = 0; n < (plan.flanneld === undefined ? 1 : repeat); n += 1) {
    etcd.push(
      (await runHeddle({ recipe, family, size, store: 'etcd', changes: 0, rest: false })).convergedMs,
    );
    if (plan.flanneld === undefined) continue;
    const order = { program: plan.flanneld, size };
    flanneld.push((await runInSandbox<FlanneldResult>('./flanneld-run.ts', order)).convergedMs);
  }
  const hasFlanneld = flanneld.length > 0;
  const last = runs.at(-1);
  return {
    recipe,
    family,
    size,
    baselineMs: median(baselines),
    filesMs: median(runs.map(({ convergedMs }) => convergedMs)),
    etcdMs: median(etcd),
    flanneldMs: hasFlanneld ? median(flanneld) : undefined,
    ofFlanneld: hasFlanneld ? median(etcd.map((ms, n) => ms / (flanneld[n] ?? NaN))) : undefined,
    ratio: median(runs.map((run, n) => run.convergedMs / (baselines[n] ?? NaN))),
    firstCommandMs: median(runs.map(({ firstCommandMs }) => firstCommandMs)),
    removedMs: median(runs.map(({ removedMs }) => removedMs)),
    cpuSeconds: median(runs.map(({ cpuSeconds }) => cpuSeconds)),
    peakMb: Math.max(...runs.map(({ peakMb }) => peakMb)),
    restMb: last?.restMb,
    change: describeChanges(last?.changeMs ?? []),
  };
}

function runHeddle(order: HeddleOrder): Promise<HeddleResult> {
  return runInSandbox<HeddleResult>('./heddle-run.ts', order);
}

/** The engine by itself. */
export interface EngineMeasurement extends Omit<EngineResult, 'changeMs'> {
  readonly size: number;
  readonly change: Change | undefined;
}

export async function measureEngine(size: number): Promise<EngineMeasurement> {
  const script = fileURLToPath(new URL('./engine-run.ts', import.meta.url));
  const order = JSON.stringify({ size, changes: 1000 });
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', script, order]);
  const { changeMs, ...rest } = JSON.parse(stdout) as EngineResult;
  return { size, ...rest, change: describeChanges(changeMs) };
}

/** Milliseconds of `heddle --help`, the median of eleven. */
export async function measureHelp(): Promise<number> {
  const times: number[] = [];
  for (let n = 0; n < 11; n += 1) {
    const startedAt = performance.now();
    await promisify(execFile)(process.execPath, [heddleProgram, '--help']);
    times.push(performance.now() - startedAt);
  }
  return median(times);
}

function describeChanges(ascending: readonly number[]): Change | undefined {
  const at = (part: number): number => ascending[Math.ceil(part * ascending.length) - 1] ?? NaN;
  if (ascending.length === 0) return undefined;
  return { count: ascending.length, p50Ms: at(0.5), p99Ms: at(0.99) };
}

function median(values: readonly number[]): number {
  const ascending = [...values].sort((a, b) => a - b);
  return ascending[Math.floor(ascending.length / 2)] ?? NaN;
}
