import { setTimeout as delay } from 'node:timers/promises';
import { formatDuration, listFew } from '../diagnostic/words.ts';

/** Signals with which people and service managers end a command. */
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The longest time from a signal to the end of the process, in milliseconds. */
const longestEndMs = 1700;

/** A wait of a command, and what becomes of it when a signal ends the command. */
export interface InterruptibleWait {
  /** A noun: `the lab demo`. */
  readonly what: string;
  /** The state of things now, and what to do: sentences. Without them, the command changed nothing, and can be run again. */
  readonly now?: string;
}

/**
 * The work that a command still does after a signal, in less than {@link longestEndMs}. Returns the wait that the signal ended; undefined if
 * the signal is meant for another process, and the command goes on.
 */
type EndWork = (signal: NodeJS.Signals) => Promise<InterruptibleWait | undefined>;

/** The waits of this process, the latest last. */
const waits: InterruptibleWait[] = [];
let endWork: EndWork | undefined;
let end: ((signal: NodeJS.Signals) => Promise<void>) | undefined;

/** Names a wait while the work lasts, for the last words of a command that a signal ends. */
export async function whileWaiting<T>(wait: InterruptibleWait, work: () => Promise<T>): Promise<T> {
  waits.push(wait);
  try {
    return await work();
  } finally {
    waits.splice(waits.indexOf(wait), 1);
  }
}

/** Lets a command do something before a signal ends it. Returns a function that undoes this. */
export function beforeSignalEnds(work: EndWork): () => void {
  endWork = work;
  return () => {
    if (endWork === work) endWork = undefined;
  };
}

/** Ends this process as {@link explainSignals} does, for a command that has handled the signal itself. Does not return. */
export async function endBecauseOf(signal: NodeJS.Signals): Promise<void> {
  await end?.(signal);
}

/** All that this process waits for, as one wait. */
function allWaits(usually: string): InterruptibleWait {
  const names = [...new Set(waits.map(({ what }) => what))];
  const now = [...new Set(waits.flatMap((wait) => wait.now ?? []))].join(' ');
  return { what: names.length === 0 ? usually : listFew(names), ...(now !== '' && { now }) };
}

/**
 * Makes a signal end this process with a sentence on stderr: what the command waited for, how long, and what happens now. Then the process
 * ends by the same signal, so that a shell sees why. A signal that has another handler, such as the daemon's, is left to that.
 *
 * @param command the words of the command, as `heddle network get`
 * @param usually what the command waits for where {@link whileWaiting} names nothing, as a noun; empty if nobody knows
 */
export function explainSignals(command: string, usually = ''): void {
  const startedAt = performance.now();
  let isEnding = false;
  end = async (signal) => {
    isEnding = true;
    const known = allWaits(usually);
    const work = endWork?.(signal).catch(() => known) ?? Promise.resolve(known);
    const late = delay(longestEndMs, known, { ref: false });
    const ended = await Promise.race([work, late]);
    if (ended === undefined) {
      isEnding = false;
      return;
    }
    const { what, now } = ended;
    const waited = what === '' ? '' : `, while it waited for ${what}`;
    const ran = formatDuration(performance.now() - startedAt);
    process.stderr.write(`heddle: ${signal} ended ${command} after ${ran}${waited}\n`);
    if (now !== undefined) process.stderr.write(`  ${now}\n`);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  };
  for (const signal of signals) {
    const handle = (): void => {
      if (process.listenerCount(signal) > 1) return;
      // Whoever sends a second signal does not want to wait for the sentence.
      if (isEnding) process.removeAllListeners(signal).kill(process.pid, signal);
      void end?.(signal);
    };
    process.on(signal, handle);
  }
}
