import { setTimeout as delay } from 'node:timers/promises';
import { beforeSignalEnds } from '../../host/interruption.ts';

/** The longest wait for the end of a lab after a signal, in milliseconds: a process that waits in the kernel cannot be killed. */
const longestEndMs = 1500;

/** A lab that can be ended with everything in it. */
interface EndableLab {
  /** Ends the lab, and waits until it is gone. */
  end(): Promise<void>;
}

/** A lab that ends before a signal ends this process. */
interface GuardedLab {
  /** Returns the result of some work, unless a signal ends the lab meanwhile: then its failure says nothing, and it never returns. */
  unlessInterrupted<T>(work: Promise<T>): Promise<T>;
  /** From now on, a signal leaves the lab alone. */
  release(): void;
}

/**
 * Ends the lab before a signal ends this process.
 *
 * @param describeWait what the lab waits for, as a noun
 */
export function endOnSignal(lab: EndableLab, describeWait: () => string): GuardedLab {
  let isEnding = false;
  const release = beforeSignalEnds(async () => {
    isEnding = true;
    const what = describeWait();
    const isGone = await Promise.race([lab.end().then(() => true), delay(longestEndMs, false)]);
    const now = isGone
      ? 'The lab was interrupted and completely removed.'
      : 'The lab was interrupted and killed, but one of its processes waits in the kernel and has not ended yet; see dmesg.';
    return { what, now };
  });
  return {
    release,
    unlessInterrupted: async (work) => {
      const [result] = await Promise.allSettled([work]);
      if (isEnding) return new Promise<never>(() => undefined);
      if (result.status === 'rejected') throw result.reason;
      return result.value;
    },
  };
}
