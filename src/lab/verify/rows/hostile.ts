import { mkdir, readdir, rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { decideNetwork } from '../../../recipe-files/decide-network.ts';
import { hostileLeases } from '../../plan/hostile-leases.ts';
import { pathInLab } from '../../protocol.ts';
import type { PromiseBench } from '../bench/bench.ts';
import { putLeases, readLeases, removeLeases } from '../../inside/store/lease-files.ts';
import { kept, type PromiseOutcome } from '../../plan/outcome.ts';
import type { PromiseRow } from '../promise.ts';

/** The directory, as a node sees it, in which a hostile lease that a shell runs makes a file. */
const bait = '/run/verify-bait';

/** The time that the observed node has after the hostile leases, in milliseconds. */
const settleMs = 2000;
const lookEveryMs = 100;

export const hostile: PromiseRow = {
  id: 'hostile',
  sentence: 'A lease with hostile data, addresses or subnets runs nothing and changes nothing',
  means: [],
  async run(bench): Promise<PromiseOutcome> {
    await bench.settle();
    const { observed, recipe, lab } = bench;
    const baits = pathInLab(observed.plan.name, bait);
    await rm(baits, { recursive: true, force: true });
    await mkdir(baits, { mode: 0o777 });
    const { configuration: network } = decideNetwork(recipe, lab.spec.parameters, undefined);
    const leases = hostileLeases({
      good: bench.lease,
      network,
      taken: (await readLeases()).map(({ key }) => key),
      ownAddress: observed.plan.ipv4.address,
      bait,
    });
    const before = await bench.readState();
    await putLeases(leases);
    const refused = await awaitRefusals(bench, leases.length);
    const changed = await bench.becomes(before, settleMs);
    const files = await readdir(baits);
    const { state } = observed.daemon;
    await removeLeases(leases.map(({ key }) => key));
    await bench.becomes(before);
    if (files.length > 0) {
      return bench.blame(
        'SubnetAddCommand',
        `a shell ran text of a hostile lease: it made ${files.join(', ')}`,
      );
    }
    if (state.kind !== 'ready')
      return bench.blame('SubnetAddCommand', 'the daemon ended while it read hostile leases');
    if (changed !== undefined) {
      const because = `with ${leases.length} hostile leases in the store, the node ${changed}`;
      return bench.blame('SubnetAddCommand', because, bench.lineOfKey('BackendData'));
    }
    return kept(`${refused} of ${leases.length} leases refused`);
  },
};

/** Waits until the daemon has refused as many leases, or has read all of them. Returns how many it refused. */
async function awaitRefusals(bench: PromiseBench, expected: number): Promise<number> {
  const deadline = performance.now() + settleMs;
  for (;;) {
    const refused = await bench.countRefused();
    if (refused >= expected || performance.now() >= deadline) return refused;
    await delay(lookEveryMs);
  }
}
