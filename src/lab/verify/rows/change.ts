import { rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { presentValues } from '../../../network/per-family.ts';
import { runIpBatch } from '../../inside/lab-program.ts';
import { mentioning, describeObject, type StateObject } from '../../plan/kernel/kernel-state.ts';
import { moveCommands } from '../../plan/commands.ts';
import { dataWords } from '../../plan/data-words.ts';
import { addressesOf, moveHost } from '../../plan/topology.ts';
import { nodeStateDirectory, pathInLab } from '../../protocol.ts';
import type { PromiseBench } from '../bench/bench.ts';
import { kept, type PromiseOutcome } from '../../plan/outcome.ts';
import type { PromiseRow } from '../promise.ts';

/** The time that a changed node has until its peers know it, in milliseconds. */
const followMs = 8000;
const lookEveryMs = 100;

export const address: PromiseRow = {
  id: 'address',
  sentence: 'A peer that gets another address is reached there, and nothing of the old one stays',
  means: [],
  async run(bench): Promise<PromiseOutcome> {
    const { guest } = bench;
    const isForwarded = presentValues(guest.plan.publicAddresses).some(
      (each) => !addressesOf(guest.plan).includes(each),
    );
    if (isForwarded)
      return {
        kind: 'expected',
        because: `${guest.plan.name} is behind NAT, so its public address is not its own`,
      };
    await bench.settle();
    await guest.restart();
    const old = presentValues(guest.plan).map(({ address: text }) => text);
    const moved = moveHost(guest.plan);
    await runIpBatch(guest.plan.name, moveCommands(moved));
    const wanted = bench.recipe.network.ipv4 === undefined ? moved.ipv6?.address : moved.ipv4.address;
    const hasMoved = await until(async () => {
      await bench.readGuest();
      return bench.lease.text.includes(`"${wanted ?? ''}"`);
    });
    if (!hasMoved)
      return bench.blame(
        'PreStartupCommand',
        `the lease of a node whose address changed did not follow it to ${wanted ?? ''}`,
      );
    return judge(bench, old);
  },
};

export const data: PromiseRow = {
  id: 'data',
  sentence: 'A peer that publishes other backend data is reached with it, and nothing of the old data stays',
  means: [],
  async run(bench): Promise<PromiseOutcome> {
    await bench.settle();
    const { guest } = bench;
    await guest.restart();
    await bench.takeDown(guest);
    // A new daemon would find the addresses of its network on the bridge of a stranger.
    await guest.disconnect();
    await rm(pathInLab(guest.plan.name, nodeStateDirectory), { recursive: true, force: true });
    await guest.restart();
    const before = await bench.readGuest();
    const words = dataWords(before.text);
    const now = new Set(dataWords(bench.lease.text));
    const old = words.filter((word) => !now.has(word));
    if (words.length > 0 && old.length === 0) {
      await bench.end(guest, 'SIGKILL');
      return kept('a node that starts with an empty state directory publishes the same data');
    }
    const outcome = await judge(bench, old);
    return outcome.kind === 'kept' && words.length === 0 ? kept('the recipe does not publish data') : outcome;
  },
};

/** Waits until the observed node reaches the changed guest, and has nothing of the old words. */
async function judge(bench: PromiseBench, old: readonly string[]): Promise<PromiseOutcome> {
  const { guest, moments } = bench;
  const findStale = async (): Promise<readonly StateObject[]> => {
    const state = await bench.readState();
    return old.flatMap((word) => mentioning(state, word));
  };
  const [isReached] = await Promise.all([
    bench.reaches(guest, followMs),
    until(async () => (await findStale()).length === 0),
  ]);
  // Between the remove and the next add, there was nothing of the old words in any case.
  const stale = await findStale();
  await bench.readGuest();
  await bench.end(guest, 'SIGKILL');
  moments.full = await bench.readState();
  if (stale.length > 0) {
    const named = stale.slice(0, 3).map(describeObject).join(', ');
    return bench.blame('SubnetRemoveCommand', `after a peer changed, the node still has ${named}`);
  }
  if (!isReached)
    return bench.blame('SubnetAddCommand', 'the pod of a peer that changed is not reached any more');
  await bench.removeGuest();
  const left = await bench.becomes(moments.base);
  return left === undefined
    ? kept(old.length === 0 ? 'nothing changed' : `${old.join(', ')} is gone`)
    : bench.blame('SubnetRemoveCommand', `after a peer changed and was then removed, the node ${left}`);
}

async function until(condition: () => Promise<boolean>): Promise<boolean> {
  const deadline = performance.now() + followMs;
  while (!(await condition())) {
    if (performance.now() >= deadline) return false;
    await delay(lookEveryMs);
  }
  return true;
}
