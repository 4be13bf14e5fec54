import { until } from '../support/until.ts';

/** Something that reads from a store in the background. */
interface Reading {
  readonly hasEnded: boolean;
  /** Settles when it ends, with the error if it ended with one. */
  readonly ended: Promise<unknown>;
}

/** Waits for a condition that a reading makes true. Rejects when the reading ends before that. */
export async function untilShown(
  condition: () => boolean,
  reading: Reading,
  describe: () => string,
): Promise<void> {
  await until(
    String(condition),
    async () => {
      if (condition()) return true;
      if (reading.hasEnded)
        throw new Error(`The reading ended before ${String(condition)}.`, { cause: await reading.ended });
      return false;
    },
    describe,
  );
}
