import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { describe, test } from 'node:test';
import { endOf } from '../support/ending.ts';
import { until } from '../support/until.ts';

/** A process with a lab whose end is this, as an expression. */
async function interrupt(
  end: string,
): Promise<{ readonly end: number | NodeJS.Signals; readonly says: string }> {
  const file = new URL('../../src/lab/process/interrupt.ts', import.meta.url).href;
  const script = `
    import { endOnSignal } from ${JSON.stringify(file)};
    endOnSignal({ end: () => ${end} });
    setInterval(() => undefined, 1000);
    console.log('waits');`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script]);
  const ended = endOf(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  try {
    await until(
      'the process to wait',
      () => output.includes('waits'),
      () => output,
    );
    child.kill('SIGTERM');
    await until(
      'its end',
      () => child.exitCode !== null || child.signalCode !== null,
      () => output,
    );
    return { end: await ended, says: output };
  } finally {
    child.kill('SIGKILL');
  }
}

describe('a signal to a process that has a lab', { concurrency: 2 }, () => {
  test('ends both', async () => {
    const { end, says } = await interrupt('Promise.resolve()');
    assert.equal(end, 143);
    assert.match(says, /^heddle: the lab was interrupted and completely removed$/m);
  });

  test('ends the process although the lab does not end, and says so', async () => {
    const { end, says } = await interrupt('new Promise(() => undefined)');
    assert.equal(end, 143);
    assert.match(
      says,
      /^heddle: the lab was interrupted and killed, but one of its processes waits in the kernel/m,
    );
  });
});
