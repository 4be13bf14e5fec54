import type { EmitEvent, NodeState } from '../../event/event.ts';
import { readMachineMarks } from '../../host/machine.ts';
import { explainError, isAbort } from '../../host/system-error.ts';
import type { LeaseSubnets } from '../../lease/lease.ts';
import { describeSubnets } from '../../lease/roster.ts';
import {
  listPublicAddresses,
  mainPublicAddress,
  type PublicAddresses,
} from '../../network/public-addresses.ts';
import { acquireLease, type AcquiredLease } from '../../store/acquire-lease.ts';
import type { ContentSlot } from '../../store/content-slot.ts';
import type { CommandRunner } from '../commands/command-runner.ts';
import { describeExpiry } from '../lease/lease-keeper.ts';
import { noteHeldLease, noteLeaseWrite, type EarlierLease } from '../lease/held-lease.ts';
import { outlastOutages } from '../lease/outlast-outages.ts';
import type { UpOptions } from '../setup/options.ts';
import type { Preparation } from '../setup/prepare.ts';
import { confirmNetwork } from '../setup/publish-network.ts';
import { removeDeployment, writeDeployment } from './deployment-file.ts';
import { deploymentOf, foundations } from './deployment.ts';
import { announce } from './parts/device.ts';
import type { LeasedNetwork } from './leased-network.ts';
import { requireOwnIdentity } from './own-identity.ts';
import { networkParts } from './parts/parts.ts';

/** Thrown when the daemon is told to stop before it has its lease. */
export class NoLeaseError extends Error {
  override readonly name = 'NoLeaseError';
}

export interface LeaseContext {
  readonly preparation: Preparation;
  readonly options: UpOptions;
  readonly commands: CommandRunner;
  /** The subnets of the last run, which are asked for first. */
  readonly hint: LeaseSubnets | undefined;
  /** The lease that an earlier daemon of this node wrote. */
  readonly earlier: EarlierLease | undefined;
  /** Whether an earlier daemon's network of the same kind is still up. */
  readonly isTakeover: boolean;
  /** Whether a start that fails or is stopped is undone; asked at that moment. */
  readonly mayUndo: () => boolean;
  /** Whether the recipe is the one that the daemon was started with. False for a recipe that was saved later. */
  readonly isFirst: boolean;
  /** The known content of the store. */
  readonly contentSlot: ContentSlot;
  readonly enter: (state: NodeState) => void;
  readonly emit: EmitEvent;
  readonly signal: AbortSignal;
}

/**
 * Runs PreStartup and takes the lease. If one of them fails and `mayUndo` allows it, every step is undone: Shutdown runs, and a lease
 * created here is released. Throws a Failure, or {@link NoLeaseError}.
 */
export async function takeLease(context: LeaseContext): Promise<LeasedNetwork> {
  const {
    preparation,
    options,
    commands,
    hint,
    earlier,
    isTakeover,
    isFirst,
    contentSlot,
    enter,
    emit,
    signal,
  } = context;
  const { store, outages } = preparation;
  const undo: (() => Promise<unknown>)[] = [];
  let own: LeaseSubnets | undefined;
  try {
    await remember(context, null);
    undo.push(() => removeDeployment(options.stateDirectory));

    enter('pre-startup');
    undo.push(() => commands.runOwn('ShutdownCommand', own));
    const attributes = await requireOwnIdentity(context, await announce(commands, preparation, signal));

    enter('leasing');
    const { configuration } = preparation.network;
    const ttlSeconds = options.leaseTtlSeconds;
    const machine = await readMachineMarks(preparation.underlay.hardwareAddress);
    const acquired = await outlastOutages(
      () =>
        acquireLease(store, {
          configuration,
          attributes,
          hint,
          earlier,
          ttlSeconds,
          known: contentSlot.take(),
          beforeWrite: (write) => noteLeaseWrite(options.stateDirectory, options.store, write, machine),
          signal,
        }),
      outages,
      signal,
    );
    const { record } = acquired;
    const { subnets } = acquired.lease;
    own = subnets;
    if (acquired.how === 'created') undo.push(() => store.remove(record));
    if (isFirst) {
      await outlastOutages(() => confirmNetwork(preparation, options), outages, signal);
    }
    emit({
      event: 'lease-acquired',
      subnet: describeSubnets(subnets),
      publicIp: mainPublicAddress(attributes),
      how: acquired.how,
      expiresAt: describeExpiry(record.expiresAt),
    });
    if (earlier?.key === record.key) tellOtherAddress(earlier, attributes, subnets, emit);
    for (const message of describeUnfit(acquired)) emit({ event: 'warning', message });
    await noteHeldLease(options.stateDirectory, options.store, record, machine);
    await remember(context, record.key);
    const isCreated = acquired.how === 'created';
    return { commands, record, subnets, isCreated, hadEnded: isTakeover && isCreated, isDeviceUp: false };
  } catch (error) {
    if (context.mayUndo()) await undoAll(undo, emit);
    if (isAbort(error) || signal.aborted)
      throw new NoLeaseError('heddle was asked to stop', { cause: error });
    throw error;
  }
}

/** Reports a public address that differs from the lease's. */
export function tellOtherAddress(
  before: PublicAddresses,
  now: PublicAddresses,
  subnets: LeaseSubnets,
  emit: EmitEvent,
): void {
  const [from, to] = [listPublicAddresses(before).join(' and '), listPublicAddresses(now).join(' and ')];
  if (from !== to) emit({ event: 'address-changed', from, to, subnet: describeSubnets(subnets) });
}

/** Warnings about leases of this node that do not fit the network configuration. */
function describeUnfit({ dropped, unfitReservations }: AcquiredLease): string[] {
  const why = 'does not fit the network configuration (another length, or outside of its range)';
  return [
    ...dropped.map(({ key }) => `removed this node's lease ${key}: it ${why}`),
    ...unfitReservations.map(
      ({ key }) =>
        `this node's reservation ${key} ${why}, so this node has another subnet; ` +
        `the reservation keeps its range until you remove it: heddle leases release ${JSON.stringify(key)}`,
    ),
  ];
}

/** Undoes every step, the last one first. If one of them fails, the others are still undone. */
async function undoAll(steps: readonly (() => Promise<unknown>)[], emit: EmitEvent): Promise<void> {
  for (const step of steps.toReversed()) {
    try {
      await step();
    } catch (error) {
      emit({ event: 'warning', message: `not everything was undone: ${explainError(error)}` });
    }
  }
}

async function remember(
  { preparation, options, commands, isTakeover }: LeaseContext,
  leaseKey: string | null,
): Promise<void> {
  const begun = leaseKey === null && !isTakeover ? foundations : networkParts;
  const deployment = deploymentOf(preparation, options, commands.facts, leaseKey, begun);
  await writeDeployment(options.stateDirectory, deployment);
}
