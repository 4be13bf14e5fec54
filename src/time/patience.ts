/**
 * How long peers wait for a command of another that touches the same as theirs, in milliseconds: many times what such a
 * command takes that is well.
 */
const overdueMs = 1000;

/** Waits for some work, and tells once if it takes longer than others have patience for. */
export async function withPatience<T>(work: Promise<T>, onOverdue: () => void): Promise<T> {
  const timer = setTimeout(onOverdue, overdueMs);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
  }
}
