import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import { retries } from '../../src/time/retry.ts';
import { FaultLab, type FaultNode } from './faults/fault-lab.ts';
import { hostGw } from './faults/overlays.ts';
import { bend, prepend } from './faults/recipe-copy.ts';
import { until } from '../support/until.ts';
import { reasonToSkip } from './harness/needs.ts';

/** The times of the attempts to build the network, in milliseconds. */
async function attemptsOf(node: FaultNode): Promise<readonly number[]> {
  const text = await node.sh('cat /run/heddle/attempts 2>/dev/null || true');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map(Number);
}

describe('a network that is broken', { skip: reasonToSkip() }, () => {
  test('and cannot be repaired is built again at ever longer intervals, whatever MonitorCommand hears', async (t) => {
    const overlay = bend(t, hostGw, (backend) => {
      // Each attempt is heard of.
      prepend(
        backend,
        'PreStartupCommand',
        'date +%s%3N >>attempts; ip link add flap type bridge; ip link delete flap',
      );
      prepend(backend, 'CheckCommand', '[ ! -e broken ]');
      backend.MonitorCommand = 'ip monitor link';
    });
    const lab = await FaultLab.up(t, overlay, ['--check-interval', '86400']);
    const [node] = lab.both;
    await node.sh(
      'cd /run/heddle; rm attempts; touch broken; ip link add flap type bridge; ip link delete flap',
    );
    await until('four attempts to be made', async () => (await attemptsOf(node)).length >= 4);
    const attempts = await attemptsOf(node);
    for (const [index, time] of attempts.slice(1).entries()) {
      const shortest = (retries.part.firstMs * 2 ** index) / 2;
      assert.ok(time - (attempts[index] ?? 0) >= shortest - 2, inspect(attempts));
    }
    const { state, because } = await node.status();
    assert.equal(state, 'degraded');
    assert.match(because ?? '', /^device: CheckCommand .* exited with status 1$/);
    await node.sh('rm "/run/heddle/broken"');
    await until('the node to be well', async () => (await node.status()).state === 'running');
  });
});
