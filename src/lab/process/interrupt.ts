import { constants } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The longest wait for the end of a lab after a signal, in milliseconds: a process that waits in the kernel cannot be killed. */
const longestEndMs = 1500;

/** A lab that can be ended with everything in it. */
interface EndableLab {
  /** Ends the lab, and waits until it is gone. */
  end(): Promise<void>;
}

/** Ends the lab, and then this process, when this process is told to end. Returns a function that undoes this. */
export function endOnSignal(lab: EndableLab): () => void {
  const end = (signal: (typeof signals)[number]): void => {
    void Promise.race([lab.end().then(() => true), delay(longestEndMs, false)]).then((isGone) => {
      const how = isGone
        ? 'interrupted and completely removed'
        : 'interrupted and killed, but one of its processes waits in the kernel and has not ended yet; see dmesg';
      process.stderr.write(`\nheddle: the lab was ${how}\n`);
      process.exit(128 + constants.signals[signal]);
    });
  };
  for (const signal of signals) process.once(signal, end);
  return () => {
    for (const signal of signals) process.removeListener(signal, end);
  };
}
