import { Failure } from '../../diagnostic/failure.ts';
import type { EmitEvent, NodeState } from '../../event/event.ts';
import { describeTrouble, troubleDetail } from '../../event/trouble.ts';
import { findOverlayMtu } from '../../host/interface/overlay-mtu.ts';
import { explainError, isAbort } from '../../host/system-error.ts';
import type { LeaseSubnets } from '../../lease/lease.ts';
import { describeSubnets } from '../../lease/roster.ts';
import type { CommandName } from '../../recipe/recipe.ts';
import { acquireLease } from '../../store/acquire-lease.ts';
import type { KeptListing } from '../../store/kept-listing.ts';
import type { CommandResult, CommandRunner } from '../commands/command-runner.ts';
import { removeDeployment, writeDeployment } from './deployment-file.ts';
import { deploymentOf } from './deployment.ts';
import { describeExpiry } from '../lease/lease-keeper.ts';
import type { LeasedNetwork } from './leased-network.ts';
import type { UpOptions } from '../setup/options.ts';
import { outlastOutages } from '../lease/outlast-outages.ts';
import { ownAttributes } from '../../contract/own-attributes.ts';
import type { Preparation } from '../setup/prepare.ts';
import { confirmNetwork } from '../setup/publish-network.ts';

/** Thrown when the daemon was told to stop before its network was up. */
export class BringUpStopped extends Error {
  override readonly name = 'BringUpStopped';
}

export interface BringUpContext {
  readonly preparation: Preparation;
  readonly options: UpOptions;
  readonly commands: CommandRunner;
  /** The subnets to ask for first: those of the last run. */
  readonly hint: LeaseSubnets | undefined;
  /** An earlier daemon's network of the same kind is still up: what fails now must not take it down. */
  readonly isTakeover: boolean;
  /** It is what the daemon was started with, and no recipe that was saved later. */
  readonly isFirst: boolean;
  /** What the store was seen to hold, and then what it held with this node's lease. */
  readonly kept: KeptListing;
  readonly enter: (state: NodeState) => void;
  readonly emit: EmitEvent;
  readonly signal: AbortSignal;
}

/**
 * PreStartup, lease, PostStartup. If one of them fails on a node where nothing was up before, everything that was done
 * is undone: ShutdownCommand is run and a lease created here is given back. Throws a Failure, or {@link BringUpStopped}.
 */
export async function bringUp(context: BringUpContext): Promise<LeasedNetwork> {
  const { preparation, options, commands, hint, isTakeover, isFirst, kept, enter, emit, signal } = context;
  const { store, outages, loaded } = preparation;
  const undo: (() => Promise<unknown>)[] = [];
  let own: LeaseSubnets | undefined;
  try {
    await remember(context, commands, null);
    undo.push(() => removeDeployment(options.stateDirectory));

    enter('pre-startup');
    undo.push(() => commands.runOwn('ShutdownCommand', own));
    const { stdout } = require(await commands.runOwn(
      'PreStartupCommand',
      undefined,
      signal,
    ), context, 'PreStartupCommand');
    const attributes = ownAttributes(loaded.recipe, commands.facts, stdout);

    enter('leasing');
    const { configuration } = preparation.network;
    const ttlSeconds = options.leaseTtlSeconds;
    const acquired = await outlastOutages(
      () =>
        acquireLease(store, { configuration, attributes, hint, ttlSeconds, listing: kept.take(), signal }),
      outages,
      signal,
    );
    kept.keep(acquired.listing);
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
      publicIp: attributes.publicIp ?? attributes.publicIpv6 ?? '',
      how: acquired.how,
      expiresAt: describeExpiry(record.expiresAt),
    });
    await remember(context, commands, record.key);

    enter('post-startup');
    require(await commands.runOwn('PostStartupCommand', subnets, signal), context, 'PostStartupCommand');
    const finished = await withOverlayMtu(commands, preparation);
    await remember(context, finished, record.key);
    return { commands: finished, record, subnets, hadEnded: isTakeover && acquired.how === 'created' };
  } catch (error) {
    if (!isTakeover) await undoAll(undo, emit);
    if (isAbort(error)) throw new BringUpStopped('the store was waited for');
    throw error;
  }
}

/** Takes every step back, the last one first: that one of them fails is no reason to leave the others. */
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
  context: BringUpContext,
  commands: CommandRunner,
  leaseKey: string | null,
): Promise<void> {
  const { preparation, options } = context;
  await writeDeployment(options.stateDirectory, deploymentOf(preparation, options, commands.facts, leaseKey));
}

function require(
  result: CommandResult,
  { preparation, signal }: BringUpContext,
  name: CommandName,
): Extract<CommandResult, { kind: 'ok' }> {
  if (result.kind === 'ok') return result;
  if (signal.aborted) throw new BringUpStopped(`${name} was ended`);
  throw new Failure(
    'command',
    `the network of ${preparation.loaded.recipe.name} cannot be brought up: ${describeTrouble(result.trouble)}`,
    {
      detail: troubleDetail(result.trouble),
    },
  );
}

/** A recipe that does not say its overhead shows it by the devices it made. */
async function withOverlayMtu(
  commands: CommandRunner,
  { loaded, network, underlay }: Preparation,
): Promise<CommandRunner> {
  if (loaded.recipe.overhead !== undefined) return commands;
  const { ipv4, ipv6 } = network.configuration;
  const networks = [ipv4, ipv6].flatMap((range) => (range === undefined ? [] : [range.network]));
  const { mtu } = await findOverlayMtu({ ...underlay, mtu: commands.facts.mtu }, networks);
  return commands.withFacts({ ...commands.facts, mtu });
}
