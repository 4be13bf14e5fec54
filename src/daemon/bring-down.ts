import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { EmitEvent, LongWait } from '../event/event.ts';
import { whileWaiting } from '../host/interruption.ts';
import { deploymentName, mayStand } from '../host/state/standing-network.ts';
import { claimInstance, isClaimed } from '../host/state/instance.ts';
import { askDaemon, createControlServer, nameDaemon } from './report/control.ts';
import type { StopRequest } from './report/control.ts';
import { Periodic } from '../time/periodic.ts';
import { mostNamed, namedAfterMs, Waits } from './commands/waits.ts';
import { readDeployment } from './network/deployment-file.ts';
import { UnreadableDeployment } from './network/unreadable-deployment.ts';
import { forgetStanding } from './takeover/forget-network.ts';
import { requireNamespace } from './takeover/other-namespace.ts';
import { readHeldLease } from './lease/held-lease.ts';
import { releaseByItself } from './takeover/release-lease.ts';
import { takeDownDead } from './takeover/take-down-dead.ts';
import { emptyTakeDown, type TakeDownResult } from './network/take-down.ts';

/** The result of `heddle down`. */
export interface DownResult extends Omit<TakeDownResult, 'lease'> {
  /** The process that took the network down: the running daemon; this process, for a dead daemon; or none, because there was no network. */
  readonly daemon: 'running' | 'dead' | 'none';
  readonly leaseReleased: boolean;
  /** The reason why the lease may still be held although it was to be released; null if it is not held, or was to be kept. */
  readonly leaseTrouble: string | null;
}

export interface DownOptions {
  readonly releaseLease: boolean;
  /** Forget the network of a dead daemon and run no command, because the network is gone already. */
  readonly forget: boolean;
}

/** How far a take-down has come, for whoever has to say what it waits for. */
export class DownProgress {
  /** Aborted when the commands of this process must end. */
  readonly hurrying = new AbortController();
  /** The commands that this process runs. */
  readonly waits: Waits;
  /** Whether this process asks a daemon, works on the network itself, or waits for the store. */
  stage: 'asking' | 'working' | 'releasing' = 'asking';

  constructor(emit: EmitEvent) {
    this.waits = new Waits(emit, AbortSignal.abort());
  }
}

/** The result for a network that was only forgotten. */
const forgotten: TakeDownResult = { removed: 0, failed: [], left: [], shutdown: 'skipped' };

/**
 * Takes down the network of this state directory. Throws a Failure: `state-directory` if this process cannot do that, `already-running` if
 * the network to be forgotten has a daemon.
 */
export async function bringDown(
  stateDirectory: string,
  options: DownOptions,
  emit: EmitEvent,
  progress = new DownProgress(emit),
): Promise<DownResult> {
  const { releaseLease, forget } = options;
  if (!forget) {
    const answer = await askToStop(stateDirectory, { onExit: 'shutdown', releaseLease }, emit);
    if (answer !== undefined) {
      if (!(await leftNetwork(answer, stateDirectory))) return describe('running', answer);
      await untilGone(stateDirectory);
    }
  }
  progress.stage = 'working';
  const deployment = forget ? undefined : await readDeployment(stateDirectory);
  const isNothingHeld = !releaseLease || (await readHeldLease(stateDirectory)) === undefined;
  const isNothingNoted =
    !forget || !['journal', deploymentName].some((name) => isThere(stateDirectory, name));
  if (deployment === undefined && isNothingHeld && isNothingNoted) return describe('none', emptyTakeDown);
  if (deployment !== undefined) await requireNamespace(deployment, stateDirectory);

  // This process answers in the dead daemon's place, so that no daemon starts meanwhile and another heddle down waits.
  const server = createControlServer({
    status: () => undefined,
    waits: () => progress.waits.all,
    stop: () => work,
  });
  const claim = claimInstance(stateDirectory, server);
  const work = claim.then(() => bringDownDead(stateDirectory, options, emit, progress));
  try {
    return await work;
  } finally {
    await (await claim).release();
  }
}

/** Whether a daemon exited without a take-down and left a network up: it was already stopping, and had been told to leave its network. */
async function leftNetwork(
  { failed, left, shutdown }: TakeDownResult,
  stateDirectory: string,
): Promise<boolean> {
  const isUntouched = shutdown === 'skipped' && failed.length === 0 && left.length === 0;
  return isUntouched && (await mayStand(stateDirectory));
}

/** The interval and the number of the looks whether a daemon that has answered still listens. */
const look = { everyMs: 50, most: 200 } as const;

/** Waits until a daemon that has answered does not listen any more, for ten seconds at most. */
async function untilGone(stateDirectory: string): Promise<void> {
  await whileWaiting({ what: `the end of ${nameDaemon(stateDirectory)}` }, async () => {
    for (let count = 0; count < look.most && (await isClaimed(stateDirectory)); count += 1)
      await delay(look.everyMs);
  });
}

/** Asks the daemon to take its network down, and names what it waits for. Undefined if none runs. */
async function askToStop(
  stateDirectory: string,
  request: StopRequest,
  emit: EmitEvent,
): Promise<TakeDownResult | undefined> {
  const naming = new Periodic(namedAfterMs, async () => {
    const waits = await readWaits(stateDirectory);
    if (waits.length > 0)
      emit({
        event: 'waiting',
        waits: waits.slice(0, mostNamed),
        more: Math.max(0, waits.length - mostNamed),
      });
  });
  naming.start();
  try {
    const answer = await askDaemon(stateDirectory, 'POST', '/stop', request);
    // A daemon of an older version does not answer everything.
    return answer === undefined ? undefined : { ...emptyTakeDown, ...(answer as Partial<TakeDownResult>) };
  } finally {
    naming.stop();
  }
}

/** The commands that the daemon of a state directory runs now, the oldest first. Empty if it does not tell. */
export async function readWaits(stateDirectory: string): Promise<readonly LongWait[]> {
  const answer = await askDaemon(stateDirectory, 'GET', '/waits').catch(() => undefined);
  return Array.isArray(answer) ? (answer as readonly LongWait[]) : [];
}

/** Whether a name is taken in a directory, also by a link that leads nowhere. */
function isThere(directory: string, name: string): boolean {
  return lstatSync(join(directory, name), { throwIfNoEntry: false }) !== undefined;
}

function describe(daemon: DownResult['daemon'], { lease, ...taken }: TakeDownResult): DownResult {
  const leaseTrouble =
    lease?.kind === 'unconfirmed' ? `the lease ${lease.subnet} may still be held: ${lease.because}` : null;
  return { daemon, ...taken, leaseReleased: lease?.kind === 'released', leaseTrouble };
}

async function bringDownDead(
  stateDirectory: string,
  { releaseLease, forget }: DownOptions,
  emit: EmitEvent,
  progress: DownProgress,
): Promise<DownResult> {
  // Another heddle down may have changed the state while this one waited, so the state is read again.
  const deployment = await readDeployment(stateDirectory).catch((error: unknown) => {
    if (forget && error instanceof UnreadableDeployment) return undefined;
    throw error;
  });
  let taken: TakeDownResult | undefined;
  if (forget) {
    if (await forgetStanding(stateDirectory, emit)) taken = forgotten;
  } else if (deployment !== undefined) {
    taken = await takeDownDead(deployment, stateDirectory, emit, progress.hurrying.signal, progress.waits);
  }
  const who = taken === undefined ? 'none' : 'dead';
  // What could not be taken down still uses the lease.
  if (releaseLease && (taken === undefined || taken.failed.length === 0)) {
    progress.stage = 'releasing';
    const lease = await releaseByItself(stateDirectory, undefined, emit, deployment);
    taken = { ...(taken ?? emptyTakeDown), ...(lease && { lease }) };
  }
  return describe(who, taken ?? emptyTakeDown);
}
