import { constants } from 'node:os';
import type { TetheredLab } from './enter.ts';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Ends the lab, and then this process, when this process is told to end. Returns a function that undoes this. */
export function endOnSignal(lab: TetheredLab): () => void {
  const end = (signal: (typeof signals)[number]): void => {
    void lab.end().then(() => {
      process.stderr.write('\nheddle: the lab was interrupted and completely removed\n');
      process.exit(128 + constants.signals[signal]);
    });
  };
  for (const signal of signals) process.once(signal, end);
  return () => {
    for (const signal of signals) process.removeListener(signal, end);
  };
}
