import { Failure, type FailureKind } from '../../../diagnostic/failure.ts';
import type { Concerns } from '../../../event/concerns.ts';
import type { EmitEvent } from '../../../event/event.ts';
import type { ChosenInterface } from '../../../host/interface/choose-interface.ts';
import type { UnderlaySight } from '../../../host/interface/compare-underlay.ts';
import type { LeaseSubnets } from '../../../lease/lease.ts';
import { ProgramError } from '../../../host/run-program.ts';
import { explainError, hasErrorCode } from '../../../host/system-error.ts';
import type { Json } from '../../../recipe/json/json.ts';
import type { CommandRunner } from '../../commands/command-runner.ts';
import type { LeaseKeeper } from '../../lease/lease-keeper.ts';
import type { DriftReport } from '../../peers/drift-report.ts';
import type { PeerJournal } from '../../peers/peer-journal.ts';
import type { PeerLoop } from '../../peers/peer-loop.ts';
import type { Preparation } from '../../setup/prepare.ts';
import type { UpOptions } from '../../setup/options.ts';
import type { DeviceWatch } from '../../watch/device-watch.ts';
import type { PeersInPlace } from '../../commands/check-peers.ts';

/** A network that is up on this node, with all data that its removal needs. Its daemon may be dead. */
export interface StandingNetwork {
  readonly commands: CommandRunner;
  readonly loop: PeerLoop;
  readonly journal: PeerJournal;
  /** The subnets of this node; undefined if the network went down before it had a lease. */
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
  /** The subnets of peers that are in place; undefined if only a check can tell. */
  readonly inPlace: ReadonlySet<string> | undefined;
  /** Whether PostStartupCommand ran already, because only the commands of a running network were replaced. */
  readonly isDeviceUp: boolean;
  /** Begins to follow the store; resolves with the first snapshot. */
  follow(): Promise<void>;
  readonly drift: DriftReport;
  readonly concerns: Concerns;
  /** The last sight of the interface. */
  readonly underlay: { readonly sight: UnderlaySight };
  /** The devices of the overlay, and those of them that are gone. */
  readonly devices: DeviceWatch;
  /** Notes that the device is up on a changed interface. Throws a Failure. */
  settleUnderlay(underlay: ChosenInterface): Promise<void>;
}

/** One look at the kernel. The parts share it, because one run of CheckCommand checks the device and the peers. */
export interface Look {
  /** The result of CheckCommand. The command runs when the first part asks. */
  see(): Promise<CheckSight>;
}

/** The result of CheckCommand, and the engine's checkpoint from before the command started. */
export type CheckSight = PeersInPlace & { readonly since: number };

/** The description of a part in the status, without its state. */
interface PartSettings {
  /** A phrase: `masquerade, forward, looked at every 5 s` */
  readonly settings: string;
  /** Trouble that the part has although it is up; undefined if it has none. A clause. */
  readonly trouble?: string | undefined;
}

/** The trouble with a broken part, as text for people. */
export interface PartTrouble {
  /** A clause: `CheckCommand (vxlan.json:27) exited with status 1` */
  readonly because: string;
  /** Further lines, indented; empty if there are none. */
  readonly detail: string;
}

/** The result of looking after a part. */
export type EnsureResult =
  | { readonly kind: 'whole' }
  /** The part was broken, and the repair was done. The next look shows whether it helped. */
  | { readonly kind: 'repaired' }
  /** Nothing can be done for the part now, for a reason that is reported elsewhere. Its state stays as it was. */
  | { readonly kind: 'waiting' }
  | { readonly kind: 'broken'; readonly trouble: PartTrouble };

/** The result of removing a part. */
export type RemovalResult =
  | { readonly kind: 'gone' }
  /** The peers of these keys are still there. */
  | { readonly kind: 'left'; readonly what: 'peers'; readonly keys: readonly string[] }
  /** The objects are still there that a failed command should have removed. */
  | { readonly kind: 'left'; readonly what: 'device' }
  | ({ readonly kind: 'left'; readonly what: 'object' } & LeftObject);

/** An object, such as a file or a route, that could not be removed. */
export interface LeftObject {
  /** A clause with the object in it: `the CNI list /etc/cni/net.d/10-heddle.conflist stays: read-only file system`. */
  readonly because: string;
  readonly failure: FailureKind;
}

/**
 * A part of a network: something on this node that heddle creates, keeps in order, and removes. A part does not hold state: it reads
 * everything from the network. To add a part, write it in a file of its own and list it in `parts.ts`.
 */
export interface NetworkPart {
  /** The name in the deployment file, in events and in status. */
  readonly name: string;
  /** Whether the start fails without this part. If any other part fails, the node is degraded, and heddle tries the part again. */
  readonly isFoundation: boolean;
  /**
   * The data that `down` needs when the daemon is dead. It is written into the deployment file before the part is
   * created.
   */
  remember(options: UpOptions): Json;
  /** The settings of the part, for the status. */
  describe(network: LiveNetwork): PartSettings;
  /** Creates the part. Throws the error that prevents this. */
  up(network: LiveNetwork, signal: AbortSignal): Promise<void>;
  /** Looks whether the part is in order. A broken part is repaired if `mayRepair`, which is given the trouble, allows that now. */
  ensure(
    network: LiveNetwork,
    look: Look,
    mayRepair: (trouble: PartTrouble) => boolean,
    signal: AbortSignal,
  ): Promise<EnsureResult>;
  /**
   * Watches the part between the looks. Calls `ask` to request a look soon. Without this function, heddle looks at the part on the
   * interval only. Returns a function that ends the watch, and resolves when it has ended.
   */
  watch?(network: LiveNetwork, ask: () => void): () => Promise<void>;
  /** Removes the part, with the data from `remember`. Some or all of the part may be gone already. */
  down(network: StandingNetwork, memory: Json): Promise<RemovalResult>;
  /**
   * Removes only what outlives the kernel's objects, for a network whose kernel objects are gone. Runs no command. `own` is undefined if the
   * network did not have a lease.
   */
  forget(memory: Json, own: LeaseSubnets | undefined, emit: EmitEvent): Promise<void>;
  /**
   * Removes what the part has at a place that `options` do not name, before this daemon takes the network over from an earlier one. Without
   * this function, the part does not have such places.
   */
  leavePlace?(memory: Json, own: LeaseSubnets, options: UpOptions, emit: EmitEvent): Promise<void>;
}

export const whole: EnsureResult = { kind: 'whole' };
export const repaired: EnsureResult = { kind: 'repaired' };
export const gone: RemovalResult = { kind: 'gone' };

/** The result for an object that could not be removed, after a warning that says so. `what` is a noun with the object in it. */
export function stays(what: string, error: unknown, emit: EmitEvent): RemovalResult {
  const because = `${what} stays: ${explainError(error)}`;
  emit({ event: 'warning', message: because });
  return { kind: 'left', what: 'object', because, failure: failureOf(error) };
}

/** The kind of failure that keeps an object from being removed. */
function failureOf(error: unknown): FailureKind {
  if (error instanceof Failure) return error.kind;
  if (hasErrorCode(error, 'EACCES', 'EPERM')) return 'privilege';
  return error instanceof ProgramError ? 'prerequisite' : 'state-directory';
}

/** The result for a part whose repair ended with this Failure. Throws any other error. */
export function brokenBy(error: unknown): EnsureResult {
  if (!(error instanceof Failure)) throw error;
  return { kind: 'broken', trouble: { because: error.message, detail: '' } };
}
