import type { PagePair } from '../model.ts';

/** A duration for people. */
export function formatMs(value: number): string {
  if (value < 10) return `${value.toFixed(2)} ms`;
  return value < 1000 ? `${value.toFixed(0)} ms` : `${(value / 1000).toFixed(1)} s`;
}

/** The upper ends of the colours of the heat map, in milliseconds. */
const heatSteps = [0.2, 0.5, 1, 5, 20] as const;

/** The colour of a time in the heat map, from 1 (fast) to 6. */
export function heatOf(rttMs: number): number {
  const index = heatSteps.findIndex((step) => rttMs <= step);
  return index < 0 ? heatSteps.length + 1 : index + 1;
}

/** The meaning of each colour. */
export const heatLegend: readonly string[] = [
  ...heatSteps.map((step) => `≤ ${step} ms`),
  `> ${heatSteps.at(-1) ?? ''} ms`,
];

/** The result of a pair, in a word or two. */
export function describePairShort({ ok, rttMs, mtuPasses }: PagePair): string {
  if (ok) return rttMs === null ? 'answered' : formatMs(rttMs);
  if (rttMs === null) return 'lost';
  return mtuPasses === false ? 'MTU lost' : 'failed';
}

/** The time of day of a moment, in the time zone of UTC: `12:00:01.250`. */
export function timeOfDay(moment: string): string {
  return /T(\d\d:\d\d:\d\d(?:\.\d{1,3})?)/.exec(moment)?.[1] ?? moment;
}
