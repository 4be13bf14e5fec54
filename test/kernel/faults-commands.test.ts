import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { runHeddle } from './lab-harness.ts';
import { Churn } from './faults/churn.ts';
import { FaultLab, type FaultNode } from './faults/fault-lab.ts';
import { subnetOfKey } from './faults/lease-files.ts';
import { hostGw, vxlan, type Overlay } from './faults/overlays.ts';
import { withRandom } from './faults/random.ts';
import { bend, noteRuns, prepend, withoutBatches, type Backend } from './faults/recipe-copy.ts';
import { until } from '../support/until.ts';
import { reasonToSkip } from './harness/needs.ts';

const marker = '10.50.252.0-24';
const renewals = 10;

/** What was run for peers, apart from the marker. */
async function peerRuns(node: FaultNode): Promise<readonly string[]> {
  return (await node.runs()).filter((run) => run.startsWith('Subnet') && !run.includes(subnetOfKey(marker)));
}

describe('a renewal runs nothing', { skip: reasonToSkip(), concurrency: 2 }, () => {
  for (const overlay of [vxlan, hostGw]) {
    test(`ten times for each of many ${overlay.name} peers`, async (t) => {
      const lab = await FaultLab.up(t, bend(t, overlay, noteRuns));
      const [node] = lab.both;
      await withRandom(async (random) => {
        new Churn(lab.leases, overlay, random).grow(20);
        await lab.converge();
        const peers = lab.leases.list().filter(({ publicIp }) => publicIp !== node.publicIp);
        const { backendType } = overlay;
        const mark = {
          key: marker,
          publicIp: '172.30.0.252',
          backendType,
          backendData: overlay.makeData(random),
        };
        const before = await peerRuns(node);
        for (let round = 0; round < renewals; round += 1) {
          for (const peer of peers) lab.leases.put(peer);
          // What comes after the renewals has been seen, and so have they.
          if (round % 2 === 0) lab.leases.put(mark);
          else lab.leases.delete(marker);
          await node.converge();
        }
        assert.deepEqual(await peerRuns(node), before);
      });
    });
  }

  test('by the nodes themselves', async (t) => {
    const lab = await FaultLab.up(t, bend(t, vxlan, noteRuns), ['--nodes', '5', '--lease-ttl', '6']);
    await lab.converge();
    const runs = (): Promise<readonly (readonly string[])[]> => Promise.all(lab.nodes.map(peerRuns));
    const before = await runs();
    await until('ten renewals', async () => {
      const logs = await Promise.all(lab.nodes.map((node) => node.log()));
      return logs.flat().filter(({ event }) => event === 'lease-renewed').length >= renewals;
    });
    assert.deepEqual(await runs(), before);
  });
});

/** Where churn puts nobody. */
const hung = '10.50.253.0-24';
const broken = '10.50.254.0-24';
/** Given to sleep, to know it by. */
const longTime = '86399';

/** One peer's command sleeps for ever, with a child that does, and another's fails, for as long as `trouble` is there. */
function trouble(backend: Backend): void {
  withoutBatches(backend);
  backend.Timeout = 2;
  prepend(
    backend,
    'SubnetAddCommand',
    `if [ -e trouble ]; then case $SUBNET in ${subnetOfKey(hung)}) sleep ${longTime} & sleep ${longTime} ;; ` +
      `${subnetOfKey(broken)}) echo no such loom >&2; exit 7 ;; esac; fi`,
  );
}

const peerOf = async (node: FaultNode, key: string) =>
  (await node.status()).peers.find((peer) => peer.key === key);

describe('a peer whose command', { skip: reasonToSkip(), concurrency: 2 }, () => {
  const troubled = async (
    ...[t, overlay]: Parameters<typeof FaultLab.up>
  ): Promise<{ lab: FaultLab; node: FaultNode; from: number; addPeer: (key: string) => void }> => {
    const lab = await FaultLab.up(t, bend(t, overlay, trouble));
    const [node] = lab.both;
    await node.sh('touch /run/heddle/trouble');
    const addPeer = (key: string): void => {
      const backendData = vxlan === overlay ? { VNI: 1, VtepMAC: '02:00:00:00:02:53' } : undefined;
      const publicIp = `172.30.0.${key.split('.')[2] ?? ''}`;
      lab.leases.put({ key, publicIp, backendType: overlay.backendType, backendData });
    };
    return { lab, node, from: await node.now(), addPeer };
  };
  const expectRecovery = async (lab: FaultLab, node: FaultNode): Promise<void> => {
    await node.sh('rm /run/heddle/trouble');
    await lab.converge();
    assert.equal((await node.status()).state, 'running');
  };

  for (const overlay of [vxlan, hostGw] satisfies Overlay[]) {
    test(`hangs delays no other, is ended with all its children, and is tried again: ${overlay.name}`, async (t) => {
      const { lab, node, from, addPeer } = await troubled(t, overlay);
      addPeer(hung);
      await until('the command to hang', async () => (await node.processes(longTime)).length >= 2);
      await withRandom(async (random) => {
        new Churn(lab.leases, overlay, random).grow(30);
        await until('all others to be in place', async () => {
          const { counts } = await node.status();
          return counts.wanted === 32 && counts.inPlace === 31;
        });
      });
      const sleepers = await node.processes(longTime);
      const failed = await node.event(from, 'peer-failed', ({ attempt }) => attempt === 2);
      assert.match(failed.trouble.how, /^did not end within 2 s/);
      assert.equal(failed.peer.key, hung);
      const alive = await node.processes(longTime);
      assert.deepEqual(
        sleepers.filter((pid) => alive.includes(pid)),
        [],
      );
      await until('the peer to wait for its next try', async () => {
        const peer = await peerOf(node, hung);
        return peer?.state === 'failing' && peer.retries >= 2 && peer.nextTryAt !== null;
      });
      assert.equal((await node.status()).state, 'degraded');
      await expectRecovery(lab, node);
    });
  }

  test('fails is shown with its line, its stderr, its retries and its next try, and recovers when the cause goes', async (t) => {
    const { lab, node, from, addPeer } = await troubled(t, vxlan);
    addPeer(broken);
    await node.event(from, 'peer-failed', ({ attempt }) => attempt === 3);
    const peer = await until('the peer to wait for its next try', async () => {
      const seen = await peerOf(node, broken);
      return seen?.state === 'failing' && seen;
    });
    assert.ok(peer.retries >= 3);
    assert.ok(peer.nextTryAt !== null);
    assert.match(
      peer.lastOutcome?.trouble ?? '',
      /^SubnetAddCommand .*vxlan.json:\d+\) exited with status 7$/,
    );
    assert.equal(peer.lastOutcome?.stderr, 'no such loom');
    assert.equal((await node.status()).because, '1 peer failing');
    const shown = await runHeddle(['lab', 'exec', '--name', lab.name, node.name, '--', 'heddle', 'status']);
    assert.equal(shown.exitCode, 14);
    assert.match(
      shown.stdout,
      /10[.]50[.]254[.]0\/24 at .* exited with status 7 \(\d+ failures, next try in /,
    );
    await expectRecovery(lab, node);
  });
});

/** The remove of one subnet sleeps far longer than any test, and then goes on as if nothing had been. */
function hangRemove(backend: Backend): void {
  withoutBatches(backend);
  backend.Timeout = 3600;
  prepend(
    backend,
    'SubnetRemoveCommand',
    `if [ -e trouble ] && [ $SUBNET = ${subnetOfKey(hung)} ]; then sleep ${longTime} || true; fi`,
  );
}

test(
  'a node that moved is reached in its new subnet though its remove from the old one hangs, and also after that',
  { skip: reasonToSkip() },
  async (t) => {
    const lab = await FaultLab.up(t, bend(t, vxlan, hangRemove));
    const [node] = lab.both;
    const backendData = { VNI: 1, VtepMAC: '02:00:00:00:02:53' };
    const lease = { key: hung, publicIp: '172.30.0.253', backendType: 'vxlan', backendData };
    lab.leases.put(lease);
    await lab.converge();
    await node.sh('touch /run/heddle/trouble');
    lab.leases.delete(hung);
    const sleepers = await until('the remove to hang', async () => {
      const pids = await node.processes(longTime);
      return pids.length > 0 && pids;
    });
    const moved = { ...lease, key: '10.50.251.0-24' };
    lab.leases.put(moved);
    await until(
      'the new subnet to be in place',
      async () => (await peerOf(node, moved.key))?.state === 'in-place',
    );
    const entries = await node.entries();
    for (const entry of vxlan.entriesOf(moved)) assert.ok(entries.includes(entry), entry);
    assert.deepEqual(await node.processes(longTime), sleepers, 'it hangs still');

    // What the old subnet and the new one share, its FDB entry, goes with the old one now.
    for (const pid of sleepers) process.kill(pid);
    await until('the old subnet to go', async () => (await peerOf(node, hung)) === undefined);
    await lab.converge();
  },
);
