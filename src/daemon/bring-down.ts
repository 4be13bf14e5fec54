import { join } from 'node:path';
import type { EmitEvent } from '../event/event.ts';
import { claimInstance } from '../host/state/instance.ts';
import { openJournal } from '../host/state/journal-file.ts';
import { openStore } from '../store/open-store.ts';
import { withSecrets } from '../store/secrets.ts';
import { askDaemon, createControlServer } from './report/control.ts';
import type { StopRequest } from './report/control.ts';
import { readDeployment } from './network/deployment-file.ts';
import type { Deployment } from './network/deployment.ts';
import { forgetNetwork } from './takeover/forget-network.ts';
import { requireNamespace } from './takeover/other-namespace.ts';
import { PeerJournal } from './peers/peer-journal.ts';
import { takeDownDead } from './takeover/take-down-dead.ts';
import type { TakenDown } from './network/take-down.ts';

/** The result of `heddle down`. */
export interface BroughtDown extends TakenDown {
  /**
   * The process that did it: the running daemon; this process, for a dead daemon; or none, because there was nothing to
   * do.
   */
  readonly daemon: 'running' | 'dead' | 'none';
  readonly leaseReleased: boolean;
}

export interface DownOptions {
  readonly releaseLease: boolean;
  /** Forget the network of a dead daemon, and run nothing: it is gone already. */
  readonly forget: boolean;
}

/**
 * Takes down the network whose state is in this directory. Throws Failure `state-directory` where that cannot be done from
 * here, and `already-running` if what is to be forgotten has a daemon.
 */
export async function bringDown(
  stateDirectory: string,
  options: DownOptions,
  emit: EmitEvent,
): Promise<BroughtDown> {
  const { releaseLease, forget } = options;
  if (!forget) {
    const request: StopRequest = { onExit: 'shutdown', releaseLease };
    const answer = (await askDaemon(stateDirectory, 'POST', '/stop', request)) as TakenDown | undefined;
    if (answer !== undefined) return { daemon: 'running', ...answer, leaseReleased: releaseLease };
  }
  const deployment = await readDeployment(stateDirectory);
  if (deployment === undefined) return nothingToDo;
  if (!forget) await requireNamespace(deployment, stateDirectory);

  // In the dead daemon's place, so that none can come up in the midst of it; another heddle down waits for this one.
  const server = createControlServer({ status: () => undefined, stop: () => work });
  const claim = claimInstance(stateDirectory, server);
  const work = claim.then(() => bringDownDead(stateDirectory, options, emit));
  try {
    return await work;
  } finally {
    await (await claim).release();
  }
}

const nothingToDo: BroughtDown = {
  daemon: 'none',
  removed: 0,
  failed: [],
  shutdown: 'done',
  leaseReleased: false,
};

async function bringDownDead(
  stateDirectory: string,
  { releaseLease, forget }: DownOptions,
  emit: EmitEvent,
): Promise<BroughtDown> {
  // Read again: another heddle down may have been at work before this one's turn.
  const deployment = await readDeployment(stateDirectory);
  if (deployment === undefined) return nothingToDo;
  const taken = forget
    ? await forgetDeployment(deployment, stateDirectory, emit)
    : await takeDownDead(deployment, stateDirectory, emit);
  return { daemon: 'dead', ...taken, leaseReleased: releaseLease && (await release(deployment, emit)) };
}

async function forgetDeployment(
  deployment: Deployment,
  stateDirectory: string,
  emit: EmitEvent,
): Promise<TakenDown> {
  const file = await openJournal(join(stateDirectory, 'journal'));
  try {
    await forgetNetwork(deployment, await PeerJournal.open(file), stateDirectory, emit);
  } finally {
    await file.close();
  }
  return { removed: 0, failed: [], shutdown: 'skipped' };
}

async function release({ store: choice, leaseKey }: Deployment, emit: EmitEvent): Promise<boolean> {
  const store = await openStore(withSecrets(choice, process.env), 'existing');
  try {
    const { records } = await store.list();
    const record = records.find(({ key }) => key === leaseKey);
    if (record === undefined || (await store.remove(record)) !== 'removed') return false;
    emit({ event: 'lease-released', subnet: record.key });
    return true;
  } finally {
    await store.close();
  }
}
