import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { interruptScript, sourceModule } from '../support/interrupted-process.ts';

/** Interrupts a process with a lab whose end is this, as an expression, and which fails as soon as it ends. */
function interrupt(end: string) {
  const script = `
    import { explainSignals } from ${sourceModule('host/interruption.ts')};
    import { endOnSignal } from ${sourceModule('lab/process/interrupt.ts')};
    explainSignals('heddle lab run', 'the lab');
    let fail;
    const failed = new Promise((_, reject) => (fail = reject));
    const lab = { end: () => { fail(new Error('the lab ended from outside')); return ${end}; } };
    const guard = endOnSignal(lab, () => '1 of 2 nodes to be ready');
    setInterval(() => undefined, 1000);
    console.log('waits');
    await guard.unlessInterrupted(failed);`;
  return interruptScript(script, 'SIGTERM');
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
