import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { runHeddle } from './lab-harness.ts';
import { Churn } from './faults/churn.ts';
import { FaultLab, type FaultNode } from './faults/fault-lab.ts';
import { extensionHostGw, hostGw, vxlan, wireguard } from './faults/overlays.ts';
import { withRandom, type Random } from './faults/random.ts';
import { until } from '../support/until.ts';
import { reasonToSkip } from './harness/needs.ts';

const rounds = 3;

/** Goes on changing leases until the node's daemon has logged so many more events. */
async function churnDuring(churn: Churn, node: FaultNode, random: Random, events: number): Promise<void> {
  const from = await node.now();
  await until(`${events} more events of ${node.name}`, async () => {
    for (let changes = random.below(4); changes > 0; changes -= 1) churn.step();
    await setImmediate();
    return (await node.now()) >= from + events;
  });
}

for (const overlay of [vxlan, hostGw, wireguard, extensionHostGw]) {
  const skip = reasonToSkip(...(overlay === wireguard ? ['wg', 'wireguard-go'] : []));

  describe(`${overlay.name}, its daemon killed`, { skip }, () => {
    test('at random moments while leases change, it converges exactly', async (t) => {
      const lab = await FaultLab.up(t, overlay);
      const [node] = lab.both;
      await withRandom(async (random) => {
        const churn = new Churn(lab.leases, overlay, random);
        for (let round = 0; round < rounds; round += 1) {
          await churnDuring(churn, node, random, 1 + random.below(40));
          await lab.kill(node);
          for (let changes = random.below(20); changes > 0; changes -= 1) churn.step();
          if (random.below(2) === 0) {
            const start = lab.start(node).catch(() => 'killed before it was ready');
            await churnDuring(churn, node, random, 1 + random.below(20));
            await lab.kill(node);
            await start;
          }
          await lab.start(node);
          await lab.converge();
        }
      });
    });

    test('a lease that is deleted and one that is changed meanwhile are in the kernel as they are after the start', async (t) => {
      const lab = await FaultLab.up(t, overlay);
      const [node] = lab.both;
      await withRandom(async (random) => {
        new Churn(lab.leases, overlay, random).grow(20);
        await lab.converge();
        const [gone, changed] = lab.leases.list().filter(({ key }) => Number(key.split('.')[2]) >= 110);
        if (gone === undefined || changed === undefined) throw new Error('no peer was made');
        await lab.kill(node);
        lab.leases.delete(gone.key);
        lab.leases.put({ ...changed, publicIp: '172.30.0.99', backendData: overlay.makeData(random) });
        await lab.start(node);
        await lab.converge();
      });
    });

    test('heddle down takes all of it out of the kernel, says so, and has nothing to do a second time', async (t) => {
      const lab = await FaultLab.up(t, overlay);
      const [node] = lab.both;
      await withRandom(async (random) => {
        new Churn(lab.leases, overlay, random).grow(20);
        await lab.converge();
      });
      await lab.kill(node);
      const down = () => runHeddle(['lab', 'exec', '--name', lab.name, node.name, '--', 'heddle', 'down']);
      const first = await down();
      assert.match(
        first.stdout,
        /^Network down: 21 peers removed \(from the journal of a dead daemon\)\.$/m,
        first.stderr,
      );
      assert.deepEqual(await node.entries().catch(() => []), [], 'or its device is gone');
      const second = await down();
      assert.match(second.stdout, /^Nothing to take down: the state directory /);
      assert.deepEqual([first.exitCode, second.exitCode], [0, 0]);
    });
  });
}
