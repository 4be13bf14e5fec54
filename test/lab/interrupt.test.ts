import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { describe, test } from 'node:test';
import { endOf } from '../support/ending.ts';
import { until } from '../support/until.ts';

const source = (file: string): string => JSON.stringify(new URL(`../../src/${file}`, import.meta.url).href);

/** A process with a lab whose end is this, as an expression, and which fails as soon as it ends. */
async function interrupt(
  end: string,
): Promise<{ readonly end: number | NodeJS.Signals; readonly says: string }> {
  const script = `
    import { explainSignals } from ${source('host/interruption.ts')};
    import { endOnSignal } from ${source('lab/process/interrupt.ts')};
    explainSignals('heddle lab run', 'the lab');
    let fail;
    const failed = new Promise((_, reject) => (fail = reject));
    const lab = { end: () => { fail(new Error('the lab ended from outside')); return ${end}; } };
    const guard = endOnSignal(lab, () => '1 of 2 nodes to be ready');
    setInterval(() => undefined, 1000);
    console.log('waits');
    await guard.unlessInterrupted(failed);`;
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
  const why =
    /^heddle: SIGTERM ended heddle lab run after \S+ m?s, while it waited for 1 of 2 nodes to be ready$/m;

  test('ends both, says what the lab waited for, and passes over the failure that comes of it', async () => {
    const { end, says } = await interrupt('Promise.resolve()');
    assert.equal(end, 'SIGTERM');
    assert.match(says, why);
    assert.match(says, /^ {2}The lab was interrupted and completely removed\.$/m);
    assert.doesNotMatch(says, /ended from outside/);
  });

  test('ends the process although the lab does not end, and says so', async () => {
    const { end, says } = await interrupt('new Promise(() => undefined)');
    assert.equal(end, 'SIGTERM');
    assert.match(says, why);
    assert.match(
      says,
      /^ {2}The lab was interrupted and killed, but one of its processes waits in the kernel/m,
    );
  });
});
