import { Failure } from '../../../diagnostic/failure.ts';
import type { EmitEvent } from '../../../event/event.ts';
import type { ChosenInterface } from '../../../host/interface/choose-interface.ts';
import type { UnderlaySight } from '../../../host/interface/compare-underlay.ts';
import type { LeaseSubnets } from '../../../lease/lease.ts';
import type { Json } from '../../../recipe/json/json.ts';
import type { CommandRunner } from '../../commands/command-runner.ts';
import type { LeaseKeeper } from '../../lease/lease-keeper.ts';
import type { DriftReport } from '../../peers/drift-report.ts';
import type { PeerJournal } from '../../peers/peer-journal.ts';
import type { PeerLoop } from '../../peers/peer-loop.ts';
import type { Preparation } from '../../setup/prepare.ts';
import type { UpOptions } from '../../setup/options.ts';
import type { PeersInPlace } from '../../commands/check-peers.ts';

/** A network that is up on this node, with all that it takes to take it down. Its daemon may be dead. */
export interface StandingNetwork {
  readonly commands: CommandRunner;
  readonly loop: PeerLoop;
  readonly journal: PeerJournal;
  /** Undefined if it never got as far as a lease. */
  readonly own: LeaseSubnets | undefined;
  readonly stateDirectory: string;
  readonly emit: EmitEvent;
}

/** A network that this daemon keeps. */
export interface LiveNetwork extends StandingNetwork {
  readonly own: LeaseSubnets;
  readonly options: UpOptions;
  readonly preparation: Preparation;
  readonly keeper: LeaseKeeper;
  /** The subnets of peers that are known to be in place, where that needs no check. */
  readonly inPlace: ReadonlySet<string> | undefined;
  /** PostStartupCommand was run already: the network goes on with other commands. */
  readonly isDeviceUp: boolean;
  /** Begins to follow the store; resolves with the first snapshot. */
  follow(): Promise<void>;
  readonly drift: DriftReport;
  /** The interface, as it was seen last. */
  readonly underlay: { readonly sight: UnderlaySight };
  /** Takes an interface that has changed for the present one, once the device was brought up on it. Throws a Failure. */
  settleUnderlay(underlay: ChosenInterface): Promise<void>;
}

/** One look at the kernel, which the parts share: one run of CheckCommand checks the device and the peers. */
export interface Look {
  /** The result of CheckCommand. The command runs when the first part asks. */
  see(): Promise<CheckSight>;
}

/** The result, and the engine's checkpoint from before the start of the command. */
export type CheckSight = PeersInPlace & { readonly since: number };

/** Why a part is not what it should be, ready to be shown. */
export interface PartTrouble {
  /** `CheckCommand (vxlan.json:27) exited with status 1` */
  readonly because: string;
  /** Further lines, indented; empty if there are none. */
  readonly detail: string;
}

/** The result of looking after a part. */
export type EnsureResult =
  | { readonly kind: 'whole' }
  /** The part was broken, and the repair was done. The next look shows whether it helped. */
  | { readonly kind: 'repaired' }
  /** Nothing can be done for the part now, for a reason that is told elsewhere. It counts as it did before. */
  | { readonly kind: 'waiting' }
  | { readonly kind: 'broken'; readonly trouble: PartTrouble };

/** The result of removing a part. */
export type RemovalResult =
  | { readonly kind: 'gone' }
  /** Some of it is still there: the peers of these keys, or what a command would have taken away. */
  | { readonly kind: 'left'; readonly keys: readonly string[] };

/**
 * A part of a network: something on this node that is made, kept as it should be, and taken away again. A part holds no state: what
 * it needs to know is in the network. To add one, write it in a file of its own and list it in `parts.ts`.
 */
export interface NetworkPart {
  /** In the deployment file, in events and in status. */
  readonly name: string;
  /** Without it the node does not start; any other part that fails makes the node degraded, and is tried again. */
  readonly isFoundation: boolean;
  /**
   * The data that `down` needs when the daemon is dead. It is written into the deployment file before the part is
   * created.
   */
  remember(options: UpOptions): Json;
  /** Makes it. Throws what keeps it from coming up. */
  up(network: LiveNetwork, signal: AbortSignal): Promise<void>;
  /** Looks whether it is as it should be. What is not is repaired if `mayRepair`, which is told why, allows that now. */
  ensure(
    network: LiveNetwork,
    look: Look,
    mayRepair: (trouble: PartTrouble) => boolean,
    signal: AbortSignal,
  ): Promise<EnsureResult>;
  /** Watches it between the looks, until the signal: calls `ask` for a look soon. A part without this is looked at on the interval alone. */
  watch?(network: LiveNetwork, ask: () => void, signal: AbortSignal): void;
  /** Takes it away, with what `remember` said. There may be little of it or nothing. */
  down(network: StandingNetwork, memory: Json): Promise<RemovalResult>;
  /** For a network whose kernel objects are gone already: takes away what outlives them, and runs nothing. */
  forget(memory: Json, emit: EmitEvent): Promise<void>;
}

export const whole: EnsureResult = { kind: 'whole' };
export const repaired: EnsureResult = { kind: 'repaired' };
export const gone: RemovalResult = { kind: 'gone' };

/** A part that could not be repaired, by the Failure that its repair ended with. Throws any other error. */
export function brokenBy(error: unknown): EnsureResult {
  if (!(error instanceof Failure)) throw error;
  return { kind: 'broken', trouble: { because: error.message, detail: '' } };
}
