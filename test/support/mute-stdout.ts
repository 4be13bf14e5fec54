import type { TestContext } from 'node:test';

/**
 * Keeps what a function prints to stdout off the test's output. Bytes pass: they are the results that the test process itself reports, and
 * without them a test would have begun and not ended.
 */
export function muteStdout(t: TestContext): void {
  const write = process.stdout.write.bind(process.stdout);
  t.mock.method(process.stdout, 'write', (chunk: string | Uint8Array) =>
    typeof chunk === 'string' ? true : write(chunk),
  );
}
