import { formatDuration } from '../../diagnostic/words.ts';
import type { Concerns } from '../../event/concerns.ts';
import type { LeaseStore } from '../../store/store.ts';

/** The largest difference that is not reported, in milliseconds: a write to a slow share takes a while. */
const toleratedMs = 30_000;

/** Raises the concern that this node's clock is wrong, or ends it. The store compares the clocks whenever this node writes its lease. */
export function raiseClockConcern(
  { description, clockLeadMs }: Pick<LeaseStore, 'description' | 'clockLeadMs'>,
  concerns: Concerns,
): void {
  if (clockLeadMs === undefined || Math.abs(clockLeadMs) <= toleratedMs) return concerns.set('clock', []);
  const [side, effect] = clockLeadMs > 0 ? ['ahead of', 'too early'] : ['behind', 'too late'];
  const because =
    `the clock of this node is ${formatDuration(Math.abs(clockLeadMs))} ${side} that of the file system with the ${description}, ` +
    `so this node takes leases for expired ${effect}, and other nodes may misjudge its own`;
  const hint =
    'synchronise the clocks of all nodes and of the file server, for example with chrony or systemd-timesyncd';
  concerns.set('clock', [{ about: 'clock', because, hint }]);
}
