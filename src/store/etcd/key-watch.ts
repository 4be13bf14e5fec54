import type { IEvent, IWatchResponse } from 'etcd3';

import { CursorLostError, StoreError } from '../store.ts';
import type { Cluster } from './cluster/cluster.ts';
import { isPermissionDenied, statusCode, StatusError } from './errors.ts';
import type { KeyRange } from './layout.ts';
import type { EtcdMember } from './cluster/member.ts';

interface KeyWatchOptions {
  readonly cluster: Cluster;
  readonly range: KeyRange;
  /** The revision after which changes are reported; a 64-bit number. */
  readonly afterRevision: bigint;
  /** The time that the member has to begin, in milliseconds. */
  readonly requestMs: number;
  readonly signal: AbortSignal;
}

const action = 'watch the leases';

/**
 * Yields the events of a range as they come, on one stream of one member. A broken stream is not resumed here, so that no change can be
 * missed. Ends when the signal is aborted. Throws a {@link CursorLostError} when etcd has forgotten the revision, or has not reached it;
 * throws a {@link StoreError} when the stream breaks.
 */
export async function* watchKeys(options: KeyWatchOptions): AsyncGenerator<readonly IEvent[], void, void> {
  const { cluster, range, afterRevision, requestMs, signal } = options;
  const { member, stream } = await cluster.openWatch(action);
  const late = setTimeout(() => {
    stream.end(new StatusError(statusCode.deadlineExceeded, 'the watch did not start'));
  }, requestMs);
  const end = (): void => {
    stream.end();
  };
  signal.addEventListener('abort', end, { once: true });
  try {
    if (isAborted(signal)) return;
    stream.write({ create_request: { ...range, start_revision: String(afterRevision + 1n) } });
    for await (const response of stream) {
      clearTimeout(late);
      if (response.canceled) throw await explainCancelled(response, options, member);
      if (response.created) requireNoStepBack(response, afterRevision);
      if (response.events.length > 0) yield response.events;
    }
    throw new StatusError(statusCode.unavailable, 'etcd ended the watch');
  } catch (error) {
    if (isAborted(signal)) return;
    if (error instanceof CursorLostError || error instanceof StoreError) throw error;
    throw cluster.fail(action, member, error);
  } finally {
    clearTimeout(late);
    signal.removeEventListener('abort', end);
    end();
  }
}

/** Reads the state of a signal. The call is needed because the compiler believes that a signal once seen unaborted stays so. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

/** The error behind a cancelled watch. May also throw one. */
async function explainCancelled(
  response: IWatchResponse,
  { cluster, range }: KeyWatchOptions,
  member: EtcdMember,
): Promise<Error> {
  if (response.compact_revision !== '0') {
    return new CursorLostError(`etcd has compacted its history up to revision ${response.compact_revision}`);
  }
  const status = new StatusError(statusCode.unknown, response.cancel_reason);
  if (!isPermissionDenied(status)) return status;
  // etcd reports an expired token in the same way. A request renews the token, and so shows which of the two it is.
  member.forgetToken();
  await cluster.request(action, (client) => client.kv.range({ ...range, count_only: true }));
  return new StatusError(statusCode.unauthenticated, 'token refused');
}

/**
 * Throws for a watch from a future revision, as in an etcd that was restored from a backup or created again. Such a watch would wait in
 * silence.
 */
function requireNoStepBack({ header }: IWatchResponse, afterRevision: bigint): void {
  if (BigInt(header.revision) >= afterRevision) return;
  throw new CursorLostError(`etcd is at revision ${header.revision}, before the listing's ${afterRevision}`);
}
