import { longestTimerMs } from '../time/longest-timer.ts';

/** The reason why a job is ended before its command has ended. */
export type Interruption = 'timed-out' | 'cancelled';

interface ProcessGuard {
  /** The reason; set once the job's processes were told to end. */
  readonly interruption: Interruption | undefined;
  /** Resolves when no process is left to be ended. A grandchild may outlive the shell. */
  settled(): Promise<void>;
  /** Stops watching. */
  stop(): void;
}

/** Watches over the processes of a job: calls `end` when their time is over or a signal is aborted. */
export function guardProcesses(
  end: () => Promise<void>,
  limits: { readonly timeoutMs: number; readonly signals: readonly AbortSignal[] },
): ProcessGuard {
  let interruption: Interruption | undefined;
  let ending: Promise<void> | undefined;
  const interrupt = (why: Interruption) => {
    if (ending !== undefined) return;
    interruption = why;
    ending = end();
  };
  const cancel = () => interrupt('cancelled');
  // A job that may take longer than a timer can hold does not get one.
  const timer =
    limits.timeoutMs <= longestTimerMs
      ? setTimeout(() => interrupt('timed-out'), limits.timeoutMs)
      : undefined;
  for (const signal of limits.signals) signal.addEventListener('abort', cancel);
  return {
    get interruption() {
      return interruption;
    },
    settled: async () => ending,
    stop: () => {
      clearTimeout(timer);
      for (const signal of limits.signals) signal.removeEventListener('abort', cancel);
    },
  };
}
