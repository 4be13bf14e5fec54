import type { ConcernKind } from '../../event/concern.ts';
import type { NodeState } from '../../event/event.ts';

/*
 * The values of labels. Each has a sample even when it is 0, because a sample that appears only with its first event hides that event
 * from the functions of Prometheus. The records make the lists complete by type.
 */

export const nodeStates = namesOf<NodeState>({
  starting: true,
  'pre-startup': true,
  leasing: true,
  'post-startup': true,
  running: true,
  degraded: true,
  stopping: true,
  stopped: true,
});

export const concernKinds = namesOf<ConcernKind>({
  'lease-expired': true,
  'lease-contested': true,
  'own-address': true,
  'own-identity': true,
  'shared-address': true,
  'shared-identity': true,
  clock: true,
  'peer-silent': true,
  underlay: true,
  forwarding: true,
  firewall: true,
  'cni-order': true,
  'outdated-pods': true,
  'network-changed': true,
  unreachable: true,
  compile: true,
});

/** The operations whose duration is measured. */
export type MeasuredOperation = 'add' | 'remove' | 'batch';
export const measuredOperations = namesOf<MeasuredOperation>({ add: true, remove: true, batch: true });

function namesOf<Name extends string>(names: Readonly<Record<Name, true>>): readonly Name[] {
  return Object.keys(names) as Name[];
}
