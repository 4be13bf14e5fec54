/**
 * The longest time that a peer waits for the command of another peer with which it shares an address or data, in milliseconds. A
 * healthy command needs a small part of it.
 */
const overdueMs = 1000;

/** Waits for some work. Calls `onOverdue` once if the work takes so long that others should wait no longer. */
export async function withPatience<T>(work: Promise<T>, onOverdue: () => void): Promise<T> {
  const timer = setTimeout(onOverdue, overdueMs);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
  }
}
