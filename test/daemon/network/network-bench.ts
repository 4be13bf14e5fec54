import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { peerCommands } from '../../../src/daemon/commands/peer-commands.ts';
import { LeaseKeeper } from '../../../src/daemon/lease/lease-keeper.ts';
import { Concerns } from '../../../src/event/concerns.ts';
import { DeviceWatch } from '../../../src/daemon/watch/device-watch.ts';
import type { LiveNetwork } from '../../../src/daemon/network/parts/part.ts';
import { DriftReport } from '../../../src/daemon/peers/drift-report.ts';
import { PeerJournal } from '../../../src/daemon/peers/peer-journal.ts';
import { PeerLoop } from '../../../src/daemon/peers/peer-loop.ts';
import type { UpOptions } from '../../../src/daemon/setup/options.ts';
import { Engine } from '../../../src/engine/engine.ts';
import { openJournal } from '../../../src/host/state/journal-file.ts';
import type { Peer } from '../../../src/lease/lease.ts';
import { cidr } from '../../lease/fixtures.ts';
import { type Bench, leaseValue } from '../bench.ts';

export const own = { ipv4: cidr('10.50.1.0/24'), ipv6: undefined };

/** Peer 4 has 10.50.4.0/24 and 172.30.0.4. */
export function makeNumberedPeer(number: number): Peer {
  return {
    key: `10.50.${number}.0-24`,
    subnet: `10.50.${number}.0/24`,
    ipv6Subnet: undefined,
    publicIp: `172.30.0.${number}`,
    publicIpv6: undefined,
    stdin: `data-${number}\n`,
    fields: {},
  };
}

/** What the parts of a network work on, with the recipe of the bench and the lease 10.50.1.0/24. The store is not followed. */
export async function standNetwork(
  t: TestContext,
  bench: Bench,
  changes: Partial<UpOptions> & Partial<Pick<LiveNetwork, 'isDeviceUp' | 'inPlace' | 'follow'>> = {},
): Promise<LiveNetwork> {
  const { isDeviceUp = false, inPlace, follow = () => Promise.resolve(), ...rest } = changes;
  const options = bench.options(rest);
  const preparation = await bench.prepare(options);
  const record = await preparation.store.create('10.50.1.0-24', leaseValue(1), 3600);
  if (record === 'taken') throw new Error('the lease is taken');
  const commands = bench.runner(preparation, options);
  const file = await openJournal(join(bench.stateDirectory, 'journal'));
  const journal = await PeerJournal.open(file);
  const { emit, stateDirectory } = bench;
  const peers = peerCommands(commands, own, 'off', () => undefined);
  const loop = new PeerLoop({
    engine: new Engine(peers.abilities),
    journal,
    commands: peers,
    concurrency: 4,
    emit,
    onProgress: () => undefined,
  });
  const concerns = new Concerns(emit, () => undefined, Date.now);
  const keeper = new LeaseKeeper({
    store: preparation.store,
    record,
    subnets: own,
    ttlSeconds: 3600,
    marginSeconds: 600,
    subnet: '10.50.1.0/24',
    emit,
    concerns,
    holder: {
      leaseWriting: () => Promise.resolve(),
      leaseWritten: () => Promise.resolve(),
      storeAnswered: () => undefined,
      leaseTaken: () => undefined,
    },
  });
  t.after(async () => {
    await keeper.stop();
    await loop.stop();
    await file.close();
  });
  const drift = new DriftReport(emit, Date.now);
  return {
    commands,
    loop,
    journal,
    own,
    stateDirectory,
    emit,
    options,
    preparation,
    keeper,
    inPlace,
    isDeviceUp,
    follow,
    drift,
    concerns,
    underlay: { sight: { kind: 'same' } },
    devices: new DeviceWatch({ planned: () => [], onGone: () => undefined }),
    settleUnderlay: () => Promise.resolve(),
  };
}
