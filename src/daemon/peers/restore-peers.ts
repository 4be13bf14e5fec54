import { checkPeersInPlace } from '../commands/check-peers.ts';
import type { PeerLoop } from './peer-loop.ts';
import type { RunningNetworkOptions } from '../network/running-network.ts';

type Restored = Pick<RunningNetworkOptions, 'journal' | 'leased' | 'inPlace'>;

/** Tells the engine what the journal names, and what of it is in the kernel, as far as anything can say that. */
export async function restorePeers(loop: PeerLoop, { journal, leased, inPlace }: Restored): Promise<void> {
  if (journal.peers.length === 0) return;
  loop.feed({ kind: 'restore', peers: journal.peers });
  const since = loop.checkpoint;
  if (inPlace !== undefined) {
    loop.feed({ kind: 'checked', present: inPlace, since });
    return;
  }
  const found = await checkPeersInPlace(leased.commands, leased.subnets, journal.peers);
  if (found.kind === 'listed') loop.feed({ kind: 'checked', present: found.subnets, since });
}
