import type { Operation, Wait } from '../../engine/operation.ts';
import { subnetsOf } from '../../engine/in-place.ts';
import type { HeddleEvent, PeerName } from '../../event/event.ts';
import type { CommandTrouble } from '../../event/trouble.ts';
import type { Peer } from '../../lease/lease.ts';
import { mainPublicAddress } from '../../network/public-addresses.ts';
import type { CommandResult } from '../commands/command-result.ts';

/** The result of the last run for a peer, and the time of the next one if it failed. */
export interface PeerOutcome {
  readonly operation: Operation['kind'];
  readonly reason: Operation['reason'];
  /** The time, as RFC 3339. */
  readonly at: string;
  readonly trouble: CommandTrouble | undefined;
  readonly nextTryAt: string | undefined;
}

/** The status entry of an operation that ended `now`, in milliseconds since the epoch. */
export function outcomeOf(
  { kind, reason }: Operation,
  result: CommandResult,
  wait: Wait | undefined,
  now: number,
): PeerOutcome {
  return {
    operation: kind,
    reason,
    at: formatTime(now),
    trouble: result.kind === 'trouble' ? result.trouble : undefined,
    nextTryAt: wait && new Date(now + wait.delayMs).toISOString(),
  };
}

let lastTime = { now: 0, text: '' };

/** All peers of a batch end at about the same time, so they share the text. */
function formatTime(now: number): string {
  if (lastTime.now !== now) lastTime = { now, text: new Date(now).toISOString() };
  return lastTime.text;
}

/** The event of an operation that ended; undefined if it is not worth an event. */
export function eventOf(
  { peer: lease, reason, kind, mode }: Operation,
  result: CommandResult,
  wait: Wait | undefined,
): HeddleEvent | undefined {
  const peer = namePeer(lease);
  if (result.kind === 'ok') {
    return {
      event: kind === 'add' ? 'peer-added' : 'peer-removed',
      peer,
      reason,
      durationMs: result.durationMs,
      stderr: result.stderr,
      ...(result.compiled && { compiled: true }),
    };
  }
  // A lenient remove only prepares an add, so its failure is not worth an event.
  if (mode === 'lenient' && wait === undefined && reason !== 'gone' && reason !== 'shutdown')
    return undefined;
  return {
    event: 'peer-failed',
    operation: kind,
    peer,
    reason,
    trouble: result.trouble,
    attempt: wait?.attempt ?? 1,
    retryInMs: wait?.delayMs ?? 0,
  };
}

/** A peer's name in events. */
export function namePeer(peer: Peer): PeerName {
  const publicIp = mainPublicAddress(peer);
  const isMain = peer.publicIpv6 === undefined || peer.publicIpv6 === publicIp;
  return {
    key: peer.key,
    subnet: subnetsOf(peer).join(' and '),
    publicIp,
    ...(!isMain && { publicIpv6: peer.publicIpv6 }),
  };
}
