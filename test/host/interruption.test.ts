import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { interruptScript, sourceModule } from '../support/interrupted-process.ts';

/** Runs a process with this work, an expression, and sends it the signals. */
function interrupt(work: string, ...signals: readonly NodeJS.Signals[]) {
  const script = `
    import { beforeSignalEnds, endBecauseOf, explainSignals, whileWaiting } from ${sourceModule('host/interruption.ts')};
    explainSignals('heddle weave', 'the loom');
    const never = () => new Promise(() => setInterval(() => undefined, 1000));
    const work = async () => ${work};
    setTimeout(() => console.log('waits'));
    await work();`;
  return interruptScript(script, ...signals);
}

const ended = (signal: string, what: string): RegExp =>
  new RegExp(`^heddle: ${signal} ended heddle weave after [0-9.]+ m?s, while it waited for ${what}\n`);

describe('a command that a signal ends names', { concurrency: 2 }, () => {
  test('the usual wait, if it does not know another', async () => {
    const { end, says } = await interrupt('never()', 'SIGHUP');
    assert.equal(end, 'SIGHUP');
    assert.match(says, ended('SIGHUP', 'the loom'));
  });

  test('all that it waits for, each once, but nothing that is over', async () => {
    const over = `await whileWaiting({ what: 'the shuttle' }, async () => 1)`;
    const waits = ['the warp', 'the weft', 'the warp'].map(
      (what) => `whileWaiting({ what: '${what}' }, never)`,
    );
    const { says } = await interrupt(`{ ${over}; await Promise.all([${waits.join(', ')}]); }`, 'SIGTERM');
    assert.match(says, ended('SIGTERM', 'the warp, the weft'));
  });

  test('what its last work finds out, if the signal is meant for it', async () => {
    const work = `{
      beforeSignalEnds(async (signal) => {
        if (signal === 'SIGINT') return void console.log('SIGINT is meant for another');
        return { what: 'the weaver', now: 'It goes home.' };
      });
      await never();
    }`;
    const { end, says } = await interrupt(work, 'SIGINT', 'SIGTERM');
    assert.equal(end, 'SIGTERM');
    assert.match(says.replace(/^SIGINT.*\n/, ''), ended('SIGTERM', 'the weaver\n  It goes home\\.'));
  });

  test('the same if it handled the signal itself', async () => {
    const work = `{
      process.once('SIGINT', (signal) => void endBecauseOf(signal));
      await whileWaiting({ what: 'the cloth' }, never);
    }`;
    const { end, says } = await interrupt(work, 'SIGINT');
    assert.equal(end, 'SIGINT');
    assert.match(says, ended('SIGINT', 'the cloth'));
  });
});
