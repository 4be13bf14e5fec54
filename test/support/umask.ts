import type { TestContext } from 'node:test';

/** Sets the umask of the test's process until the test ends. */
export function setUmask(t: TestContext, mask: number): void {
  const before = process.umask(mask);
  t.after(() => process.umask(before));
}
