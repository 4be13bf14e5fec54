import { formatCount } from '../../../diagnostic/words.ts';
import type { CommandRunner } from '../../commands/command-runner.ts';
import { restorePeers } from '../../peers/restore-peers.ts';
import type { PeerLoop } from '../../peers/peer-loop.ts';
import { gone, whole, type NetworkPart } from './part.ts';

/** The entries of all peers, which the engine keeps. */
export const peersPart: NetworkPart = {
  name: 'peers',
  isFoundation: false,
  remember: () => ({}),

  describe({ loop, commands }) {
    const { inPlace, wanted, failing } = loop.engine.counts;
    return {
      settings: [`${inPlace} of ${wanted} in place`, ...describeLimits(commands)].join('; '),
      trouble: failing === 0 ? undefined : `${formatCount(failing, 'peer')} failing`,
    };
  },

  /** Restores the peers of an earlier daemon first, and then follows the peers in the store. */
  async up(network, signal) {
    await restorePeers(network.loop, network);
    await network.follow();
    await unlessAborted(network.loop.settled(), signal);
  },

  /** Hands CheckCommand's output to the loop. The loop adds the missing peers and removes the unknown ones in its own time. */
  async ensure({ loop, drift }, look) {
    const seen = await look.see();
    if (seen.kind === 'listed') drift.judged(loop.checked(seen.subnets, seen.since));
    return whole;
  },

  async down({ loop }) {
    const keys = await removePeers(loop);
    return keys.length === 0 ? gone : { kind: 'left', what: 'peers', keys };
  },

  forget: () => Promise.resolve(),
};

/** The things that heddle cannot do for peers, because the recipe has no command for them. */
function describeLimits(commands: Pick<CommandRunner, 'has'>): string[] {
  if (!commands.has('SubnetAddCommand')) return [];
  const limits = [];
  if (!commands.has('SubnetRemoveCommand'))
    limits.push('entries of peers that are gone stay: add a SubnetRemoveCommand to the recipe');
  if (!commands.has('CheckCommand'))
    limits.push('heddle does not see entries that others remove: add a CheckCommand to the recipe');
  return limits;
}

/** Removes every peer and stops the loop. Returns the keys of those that could not be removed. */
export async function removePeers(loop: PeerLoop): Promise<readonly string[]> {
  loop.feed({ kind: 'shutdown' });
  loop.resume();
  await loop.settled();
  await loop.retryOneByOne();
  const failed = loop.engine.waitingKeys;
  await loop.stop();
  return failed;
}

/** Waits for some work until the signal is aborted, so that a hung command does not delay the stop. */
async function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  let stop = (): void => undefined;
  const aborted = new Promise<void>((resolve) => (stop = resolve));
  signal.addEventListener('abort', stop, { once: true });
  await Promise.race([work, aborted]);
  signal.removeEventListener('abort', stop);
}
