import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { FaultLab, type FaultNode } from './faults/fault-lab.ts';
import { subnetOfKey, type LeaseText } from './faults/lease-files.ts';
import { hostGw, vxlan, type Overlay } from './faults/overlays.ts';
import { Random } from './faults/random.ts';
import { bend, noteRuns } from './faults/recipe-copy.ts';
import { SteadyPing } from './faults/steady-ping.ts';
import { until } from '../support/until.ts';
import { reasonToSkip } from './harness/needs.ts';

const random = new Random(1);

/** A lease of a node that there is not. */
function stranger(overlay: Overlay, key: string, publicIp: string): LeaseText {
  return { key, publicIp, backendType: overlay.backendType, backendData: overlay.makeData(random) };
}

const devices = new Map<Overlay, string>([
  [vxlan, 'flannel.1'],
  [hostGw, 'eth0'],
]);

for (const [overlay, device] of devices) {
  const identify = (node: FaultNode): Promise<string> => node.sh(`ip -o link show dev ${device}`);

  describe(`${overlay.name}, its own lease`, { skip: reasonToSkip(), concurrency: 2 }, () => {
    test('deleted, or edited, is taken again for the same subnet, and nothing is run', async (t) => {
      const lab = await FaultLab.up(t, bend(t, overlay, noteRuns));
      const [node] = lab.both;
      await lab.converge();
      const before = await identify(node);
      const lease = lab.leases.of(node.publicIp);
      // A check only looks, and may be due still.
      const changing = async (): Promise<readonly string[]> =>
        (await node.runs()).filter((run) => !run.startsWith('CheckCommand'));
      const runs = await changing();

      let from = await node.now();
      lab.leases.delete(lease.key);
      const deleted = await node.event(from, 'lease-lost');
      assert.match(deleted.because, /deleted; taken again$/);
      assert.deepEqual(lab.leases.of(node.publicIp), lease);

      from = await node.now();
      lab.leases.put({ ...lease, backendData: 'edited' });
      const edited = await node.event(from, 'lease-lost');
      assert.match(edited.because, /this node's address wrote it: .*"edited".*; taken back$/);
      assert.deepEqual(lab.leases.of(node.publicIp), lease);

      await lab.converge();
      assert.deepEqual(await changing(), runs);
      assert.equal(await identify(node), before);
    });

    test('that another node has now is given up: the node says so, takes another, and is built again', async (t) => {
      const lab = await FaultLab.up(t, overlay);
      const [node] = lab.both;
      await lab.converge();
      const lost = lab.leases.of(node.publicIp);
      const from = await node.now();
      lab.leases.put(stranger(overlay, lost.key, '172.30.0.77'));
      const said = await node.event(from, 'lease-lost');
      assert.match(said.because, /^another node holds it now: .*172[.]30[.]0[.]77/);
      const ready = await node.event(from, 'ready');
      const taken = lab.leases.of(node.publicIp);
      assert.notEqual(taken.key, lost.key);
      assert.equal(ready.subnet, subnetOfKey(taken.key));
      const file = await readFile(node.runFile('flannel/subnet.env'), 'utf8');
      assert.match(file, new RegExp(`^FLANNEL_SUBNET=${taken.key.replace('.0-24', '.1/24')}$`, 'm'));
      await lab.converge();
    });
  });

  describe(
    `${overlay.name}, leases that contradict each other`,
    { skip: reasonToSkip(), concurrency: 2 },
    () => {
      test('two that claim one address are reported by every node, and by whom it is', async (t) => {
        const lab = await FaultLab.up(t, overlay);
        const [node, other] = lab.both;
        await lab.converge();
        const claimed = lab.leases.of(other.publicIp);
        const claim = stranger(overlay, '10.50.200.0-24', other.publicIp);
        const [from, otherFrom] = [await node.now(), await other.now()];
        lab.leases.put(claim);
        const { kind, about } = await node.event(from, 'concern');
        assert.deepEqual([kind, about], ['shared-address', other.publicIp]);
        const status = await node.status();
        assert.equal(status.state, 'degraded');
        const keys = [claimed.key, claim.key];
        assert.deepEqual(status.sharedAddresses, [{ address: other.publicIp, keys }]);
        const rejected = await other.event(otherFrom, 'lease-rejected');
        assert.equal(rejected.because, `its PublicIP ${other.publicIp} is this node's own`);

        lab.leases.delete(claim.key);
        await lab.converge();
        assert.deepEqual((await node.status()).sharedAddresses, []);
      });

      test('two that overlap are reported, and the first stands until it goes', async (t) => {
        const lab = await FaultLab.up(t, overlay);
        const [node] = lab.both;
        const own = lab.leases.of(node.publicIp);
        const first = stranger(overlay, '10.50.200.0-24', '172.30.0.200');
        const wide = stranger(overlay, '10.50.192.0-20', '172.30.0.201');
        const overOwn = stranger(overlay, own.key.replace(/-24$/, '-25'), '172.30.0.202');
        const rejection = async (from: number): Promise<readonly string[]> => {
          const { key, because } = await node.event(from, 'lease-rejected');
          return [key, because];
        };
        lab.leases.put(first);
        await lab.converge();
        let from = await node.now();
        lab.leases.put(wide);
        assert.deepEqual(await rejection(from), [wide.key, `its subnet overlaps the lease ${first.key}`]);
        from = await node.now();
        lab.leases.put(overOwn);
        assert.deepEqual(await rejection(from), [overOwn.key, "its subnet overlaps this node's own"]);
        assert.deepEqual(
          (await node.status()).rejections.map(({ key }) => key).sort(),
          [wide.key, overOwn.key].sort(),
        );

        lab.leases.delete(overOwn.key);
        lab.leases.delete(first.key);
        await lab.converge();
        assert.deepEqual((await node.status()).rejections, []);
      });
    },
  );

  describe(`${overlay.name}, a node that is cut off`, { skip: reasonToSkip() }, () => {
    test('keeps everything as it is, and traffic resumes when it is joined', async (t) => {
      const lab = await FaultLab.up(t, bend(t, overlay, noteRuns), ['--check-interval', '1']);
      const [node, other] = lab.both;
      await lab.converge();
      const checks = async (): Promise<number> =>
        (await node.runs()).filter((run) => run.startsWith('CheckCommand')).length;
      const ping = new SteadyPing(other, node);
      t.after(() => ping.end());
      await ping.answers(20);
      const froms = [await node.now(), await other.now()] as const;
      await lab.cut(node);
      await until('the node to see it', async () =>
        (await node.sh('cat /sys/class/net/eth0/carrier')).startsWith('0'),
      );
      const before = await checks();
      await until('two checks meanwhile', async () => (await checks()) > before + 2);
      await lab.converge();
      assert.deepEqual(await node.log(froms[0]), []);
      assert.deepEqual(await other.log(froms[1]), []);
      await lab.join(node);
      await ping.answers(100);
      await lab.converge();
    });
  });
}
