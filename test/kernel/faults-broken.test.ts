import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import { FaultLab } from './faults/fault-lab.ts';
import { hostGw } from './faults/overlays.ts';
import { bend, prepend } from './faults/recipe-copy.ts';
import { until } from '../support/until.ts';
import { reasonToSkip } from './harness/needs.ts';

describe('a network that is broken', { skip: reasonToSkip() }, () => {
  test('and cannot be repaired is built again at ever longer intervals, whatever MonitorCommand hears', async (t) => {
    const overlay = bend(t, hostGw, (backend) => {
      // Each attempt is heard of.
      prepend(backend, 'PreStartupCommand', 'ip link add flap type bridge; ip link delete flap');
      prepend(backend, 'CheckCommand', '[ ! -e broken ]');
      backend.MonitorCommand = 'ip monitor link';
    });
    const lab = await FaultLab.up(t, overlay, ['--check-interval', '86400']);
    const [node] = lab.both;
    const from = await node.now();
    await node.sh('touch "/run/heddle/broken"; ip link add flap type bridge; ip link delete flap');
    await until('three attempts to have failed', async () => {
      const events = await node.log(from);
      return events.filter(({ event }) => event === 'part-failed').length >= 3;
    });
    const events = await node.log(from);
    let notBefore = 0;
    for (const event of events) {
      if (event.event === 'part-broken') assert.ok(Date.parse(event.time) >= notBefore, inspect(events));
      // A timer may fire, and a time be cut off, a millisecond early.
      if (event.event === 'part-failed') notBefore = Date.parse(event.time) + event.retryInMs - 2;
    }
    const { state, because } = await node.status();
    assert.equal(state, 'degraded');
    assert.match(because ?? '', /^device: CheckCommand .* exited with status 1$/);
    await node.sh('rm "/run/heddle/broken"');
    await until('the node to be well', async () => (await node.status()).state === 'running');
  });
});
