import { setTimeout as delay } from 'node:timers/promises';
import { Failure } from '../../../diagnostic/failure.ts';
import { encodeAttributes } from '../../../lease/wire.ts';
import { leaseOfSubnet } from '../../plan/scenario/lease-of-subnet.ts';
import { fillPlaceholders } from '../../plan/scenario/placeholders.ts';
import type { ScenarioLease, StepAction } from '../../plan/scenario/scenario.ts';
import type { HostedLeases } from '../../store/hosting.ts';
import { applyFault } from '../faults.ts';
import { awaitCondition, type ConditionResult } from './conditions.ts';
import { runInPlace } from './run-in-place.ts';
import type { ScenarioWorld } from './world.ts';

/**
 * Does the work of a step. Returns a note about the result, as a clause, if there is one. Throws a {@link Failure} if the step fails.
 *
 * A new kind of step needs a key in `plan/scenario/keys.ts`, a member of `StepAction` with its line in `describe-step.ts` and in
 * `read-step.ts`, and a case here.
 */
export async function performStep(action: StepAction, world: ScenarioWorld): Promise<string | undefined> {
  const { lab } = world;
  switch (action.kind) {
    case 'stop':
    case 'kill':
    case 'start':
    case 'cut':
    case 'join':
      await applyFault(lab, action.kind, lab.target(action.host));
      return undefined;
    case 'start-with':
      await applyFault(lab, 'start', lab.target(action.node), action.program);
      return undefined;
    case 'impair':
      await lab.links.change(action.link, action.change);
      return undefined;
    case 'ping':
      await world.pings.start(action.pair);
      return undefined;
    case 'pause':
      await delay(action.seconds * 1000);
      return undefined;
    case 'run':
      return runCommand(action, world);
    case 'put-lease':
      await leasesOf(world).put(action.lease.key, valueOf(action.lease, world));
      return undefined;
    case 'delete-lease':
      return deleteLease(action.subnet, world);
    case 'change-recipe':
      return world.recipes.changeNext();
    case 'wait':
      return judge(await awaitCondition(action.condition, world, action.seconds * 1000), action.seconds);
    case 'expect':
      return judge(await awaitCondition(action.condition, world, 0), 0);
  }
}

function judge(result: ConditionResult, seconds: number): string | undefined {
  if (result.kind === 'holds') return result.note;
  const when = seconds === 0 ? '' : ` after ${seconds} s`;
  throw new Failure('lab-failed', `${result.because.join('; ')}${when}`);
}

async function runCommand(
  { place, command, fails }: Extract<StepAction, { kind: 'run' }>,
  { lab }: ScenarioWorld,
): Promise<undefined> {
  const filled = fillPlaceholders(command, lab.reports());
  if (filled.kind === 'unknown') throw new Failure('lab-failed', filled.because);
  try {
    await runInPlace(lab, place, filled.text);
  } catch (error) {
    if (fails && error instanceof Failure) return;
    throw error;
  }
  if (fails) throw new Failure('lab-failed', 'the command did not fail');
}

async function deleteLease(subnet: string, world: ScenarioWorld): Promise<undefined> {
  const filled = fillPlaceholders(subnet, world.lab.reports());
  if (filled.kind === 'unknown') throw new Failure('lab-failed', filled.because);
  const leases = leasesOf(world);
  const key = leaseOfSubnet(await leases.keys(), filled.text);
  if (key === undefined) throw new Failure('lab-failed', `the store does not have a lease of ${filled.text}`);
  await leases.remove(key);
}

function leasesOf({ lab }: ScenarioWorld): HostedLeases {
  const { leases } = lab.store;
  if (leases === undefined)
    throw new Error('a scenario with leases runs with a store that does not take them');
  return leases;
}

/** The value of a lease, as flannel writes it. */
function valueOf(lease: ScenarioLease, { plan }: ScenarioWorld): string {
  const { publicIp, publicIpv6, backendType = plan.backendType, backendData, backendV6Data } = lease;
  return encodeAttributes({ publicIp, publicIpv6, backendType, backendData, backendV6Data });
}
