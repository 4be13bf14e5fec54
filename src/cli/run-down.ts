import type { EmitEvent } from '../event/event.ts';
import { renderEvent } from '../event/human.ts';
import { isShown } from '../event/level.ts';
import { Failure } from '../diagnostic/failure.ts';
import { formatCount } from '../diagnostic/words.ts';
import { bringDown, type DownResult, type DownOptions } from '../daemon/bring-down.ts';
import { requireTakenDown } from '../daemon/network/take-down.ts';

/** Takes the network down and says what was done. */
export async function runDown(stateDirectory: string, options: DownOptions, json: boolean): Promise<void> {
  // What goes wrong on the way is for people; stdout is for the result.
  const emit: EmitEvent = (event) => {
    const { level, text, detail } = renderEvent(event);
    if (isShown(level, 'warn')) process.stderr.write(`${text}\n${detail === '' ? '' : `${detail}\n`}`);
  };
  const result = await bringDown(stateDirectory, options, emit);
  if (json) process.stdout.write(`${JSON.stringify(result)}\n`);
  requireTakenDown(
    { removed: result.removed, failed: result.failed, shutdown: result.shutdown },
    result.daemon === 'running'
      ? "the daemon's log says why; then run heddle down again"
      : 'see the messages above, then run heddle down again',
  );
  if (result.leaseTrouble !== null) {
    throw new Failure('store', `${whatIsDown(result)}, but ${result.leaseTrouble}`, {
      hint: 'when the store answers again, run heddle down --release-lease; otherwise the lease ends by itself',
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
    const who =
      result.daemon === 'running'
        ? 'the daemon took its network down and exited'
        : 'from the journal of a dead daemon';
    const lease = result.leaseReleased ? ', lease released' : '';
    process.stdout.write(
      result.shutdown === 'skipped'
        ? `Network forgotten${lease}: the kernel was not changed.\n`
        : `Network down: ${formatCount(result.removed, 'peer')} removed${lease} (${who}).\n`,
    );
  }
}

function whatIsDown({ daemon }: DownResult): string {
  return daemon === 'none' ? 'there was no network to take down' : 'the network is down';
}
