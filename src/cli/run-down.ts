import { setTimeout as delay } from 'node:timers/promises';
import type { EmitEvent } from '../event/event.ts';
import { describeWait, renderEvent } from '../event/human.ts';
import { isShown } from '../event/level.ts';
import { Failure } from '../diagnostic/failure.ts';
import { formatCount } from '../diagnostic/words.ts';
import {
  bringDown,
  DownProgress,
  readWaits,
  type DownResult,
  type DownOptions,
} from '../daemon/bring-down.ts';
import { readHeldLease } from '../daemon/lease/held-lease.ts';
import { releaseHint, requireTakenDown, type TakeDownPlace } from '../daemon/network/take-down.ts';
import { beforeSignalEnds, type InterruptibleWait } from '../host/interruption.ts';
import { findOwningProcess, isStopped, type OwningProcess } from '../host/state/daemon-process.ts';
import { downCommand } from '../host/state/down-command.ts';

/** Takes the network down and says what was done. */
export async function runDown(stateDirectory: string, options: DownOptions, json: boolean): Promise<void> {
  // What goes wrong on the way is for people; stdout is for the result.
  const emit: EmitEvent = (event) => {
    // After a signal, the last words say what matters.
    if (progress.hurrying.signal.aborted) return;
    // The failure at the end names the same remains.
    if (event.event === 'shutdown-finished') return;
    const { level, text, detail } = renderEvent(event);
    if (isShown(level, 'warn')) process.stderr.write(`${text}\n${detail === '' ? '' : `${detail}\n`}`);
  };
  const progress = new DownProgress(emit);
  let isOver: (result: unknown) => void = () => undefined;
  const over = new Promise((resolve) => (isOver = resolve));
  beforeSignalEnds(async () => {
    const wait = await describeEnd(stateDirectory, options, progress);
    progress.hurrying.abort();
    // A command of this process must not outlive it.
    if (progress.stage === 'working') await over;
    return wait;
  });
  const result = await bringDown(stateDirectory, options, emit, progress).finally(() => isOver(undefined));
  // The signal ends this process, and says why.
  if (progress.hurrying.signal.aborted) return new Promise(() => undefined);
  if (json) process.stdout.write(`${JSON.stringify(result)}\n`);
  const place: TakeDownPlace = {
    stateDirectory,
    store: (await readHeldLease(stateDirectory))?.store,
    reasons: result.daemon === 'running' ? "the daemon's log says why" : 'the messages above say why',
  };
  const { removed, failed, left, shutdown } = result;
  requireTakenDown({ removed, failed, left, shutdown }, place);
  if (result.leaseTrouble !== null) {
    throw new Failure('store', `${whatIsDown(result)}, but ${result.leaseTrouble}`, {
      hint: releaseHint(place),
    });
  }
  if (result.daemon === 'none') {
    if (!json)
      process.stdout.write(
        result.leaseReleased
          ? 'Lease released. There was no network to take down.\n'
          : `Nothing to take down: the state directory ${stateDirectory} does not have a network.\n`,
      );
    return;
  }
  if (!json) {
    const lease = result.leaseReleased ? ', lease released' : '';
    process.stdout.write(
      options.forget
        ? `Network forgotten${lease}: the kernel was not changed.\n`
        : `Network down: ${formatCount(result.removed, 'peer')} removed${lease} (${whoDidSo(result)}).\n`,
    );
  }
}

function whoDidSo({ daemon, shutdown }: DownResult): string {
  if (daemon !== 'running') return 'from the journal of a dead daemon';
  return shutdown === 'skipped' ? 'the daemon exited' : 'the daemon took its network down and exited';
}

function whatIsDown({ daemon }: DownResult): string {
  return daemon === 'none' ? 'there was no network to take down' : 'the network is down';
}

/** The time in which a daemon says what it waits for, in milliseconds. */
const tellingMs = 300;

/** The fate of a daemon that was asked to take its network down, as sentences. */
function describeAsked(owner: OwningProcess | undefined): string {
  if (owner === undefined || !isStopped(owner)) return 'That process goes on.';
  return `That process is stopped, as by SIGSTOP, and the request is still pending: the process takes its network down as soon as kill -CONT ${owner.pid} continues it.`;
}

/** The wait of a take-down that a signal ends, and what becomes of the network. */
async function describeEnd(
  stateDirectory: string,
  { releaseLease }: DownOptions,
  { stage, waits }: DownProgress,
): Promise<InterruptibleWait> {
  const again = releaseLease ? downCommand(stateDirectory, '--release-lease') : downCommand(stateDirectory);
  switch (stage) {
    case 'asking': {
      const silence = delay(tellingMs, [], { ref: false });
      const [owner, told] = await Promise.all([
        findOwningProcess(stateDirectory),
        Promise.race([readWaits(stateDirectory), silence]),
      ]);
      const runs = told.length === 0 ? '' : `, which runs ${told.map(describeWait).join(', ')}`;
      return {
        what: `process ${owner?.pid ?? 'unknown'} to take the network down${runs}`,
        now: `${describeAsked(owner)} To wait for it again, run ${again}.`,
      };
    }
    case 'working': {
      const running = waits.all.map(describeWait).join(', ');
      return {
        what: running === '' ? 'the state directory' : running,
        now: `${running === '' ? 'Nothing runs any more' : 'That command was ended'}. The state directory notes what is left of the network: to remove it, run ${again}.`,
      };
    }
    case 'releasing':
      return {
        what: 'the store, to give the lease back',
        now: `The network is down, but the lease may still be held: to release it, run ${again}.`,
      };
  }
}
