import { checkPeersInPlace } from '../commands/check-peers.ts';
import type { CommandRunner } from '../commands/command-runner.ts';
import type { LeaseSubnets } from '../../lease/lease.ts';
import type { PeerJournal } from './peer-journal.ts';
import type { PeerLoop } from './peer-loop.ts';

interface RestoreContext {
  readonly commands: CommandRunner;
  readonly own: LeaseSubnets;
  readonly journal: PeerJournal;
  /** The subnets of peers that are in place; undefined if only a check can tell. */
  readonly inPlace: ReadonlySet<string> | undefined;
}

/** Feeds the engine the peers in the journal, and which of them are in the kernel, if that can be found out. */
export async function restorePeers(
  loop: PeerLoop,
  { commands, own, journal, inPlace }: RestoreContext,
): Promise<void> {
  if (journal.peers.length === 0) return;
  loop.feed({ kind: 'restore', peers: journal.peers });
  const since = loop.engine.checkpoint;
  if (inPlace !== undefined) {
    loop.checked(inPlace, since);
    return;
  }
  const found = await checkPeersInPlace(commands, own, journal.peers, 'at-once');
  if (found.kind === 'listed') loop.checked(found.subnets, since);
}
