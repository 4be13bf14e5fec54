import { formatDuration } from '../../diagnostic/words.ts';
import type { Concerns } from '../../event/concerns.ts';
import { toleratedClockLeadMs, type LeaseStore } from '../../store/store.ts';

/** Raises the concern that this node's clock is wrong, or ends it. The store compares the clocks when the store is opened and whenever this node writes its lease. */
export function raiseClockConcern(
  { description, clockLeadMs }: Pick<LeaseStore, 'description' | 'clockLeadMs'>,
  concerns: Concerns,
): void {
  if (clockLeadMs === undefined || Math.abs(clockLeadMs) <= toleratedClockLeadMs)
    return concerns.set('clock', []);
  const side = clockLeadMs > 0 ? 'ahead of' : 'behind';
  const because =
    `the clock of this node is ${formatDuration(Math.abs(clockLeadMs))} ${side} that of the file system with the ${description}; ` +
    'heddle judges leases by the clock of the file system, but older versions of heddle judge them by their own';
  const hint =
    'synchronise the clocks of all nodes and of the file server, for example with chrony or systemd-timesyncd';
  concerns.set('clock', [{ about: 'clock', because, hint }]);
}
