import { readHeldLease } from '../../daemon/lease/held-lease.ts';
import { askDaemon } from '../../daemon/report/control.ts';
import type { NodeStatus } from '../../daemon/report/status.ts';
import { fine, unclear, warning, type Judgement } from '../../doctor/finding.ts';
import { judgeRunningPeers } from '../../doctor/findings/peers.ts';
import type { InterfaceLookUp } from '../../host/interface/interface.ts';
import { isThisMachine } from '../../host/machine.ts';
import { statusCommand } from '../../host/state/down-command.ts';
import { controlSocketPath } from '../../host/state/instance.ts';
import { examineStateDirectory } from '../../host/state/state-directory.ts';
import { attempt, type PartJudgements } from './attempt.ts';

const notCopied = fine('no other machine has used the state directory');
const noPeers = fine('no heddle daemon uses the state directory, so none has a peer');

/** Examines the state directory, the daemon that uses it, and that daemon's peers. */
export async function examineState(
  stateDirectory: string,
  interfaces: InterfaceLookUp,
): Promise<PartJudgements> {
  const verdicts: PartJudgements = { 'copied-state': notCopied, peers: noPeers };
  const path = await attempt(verdicts, 'state-directory', () => {
    controlSocketPath(stateDirectory);
    return { real: examineStateDirectory(stateDirectory) };
  });
  if (path === undefined) {
    const unusable = unclear('the state directory cannot be used');
    return { ...verdicts, 'copied-state': unusable, peers: unusable };
  }
  const { real } = path;
  if (real === undefined)
    return { ...verdicts, 'state-directory': fine(`heddle up makes ${stateDirectory}`) };
  verdicts.peers = unclear('the daemon could not be asked: see state-directory');
  const answer = await attempt(verdicts, 'state-directory', async () => {
    return { status: (await askDaemon(real, 'GET', '/status')) as NodeStatus | undefined };
  });
  if (answer !== undefined) {
    const { status } = answer;
    verdicts['state-directory'] = fine(
      status === undefined ? `${real} can be used` : `a heddle daemon uses ${real}`,
    );
    verdicts.peers = status === undefined ? noPeers : judgePeers(status, stateDirectory);
  }
  const copy = await judgeCopy(real, interfaces);
  return copy === undefined ? verdicts : { ...verdicts, 'copied-state': copy };
}

function judgePeers(status: NodeStatus, stateDirectory: string): Judgement {
  if (status.lease === null) return unclear('the daemon has not brought its network up yet');
  return judgeRunningPeers(status, statusCommand(stateDirectory));
}

/** A warning if another machine has written the state directory. */
async function judgeCopy(
  stateDirectory: string,
  interfaces: InterfaceLookUp,
): Promise<Judgement | undefined> {
  const { machine } = (await readHeldLease(stateDirectory)) ?? {};
  const addresses = await interfaces.hardwareAddresses().catch(() => undefined);
  if (machine === undefined || addresses === undefined || (await isThisMachine(machine, addresses)))
    return undefined;
  return warning(`another machine has written ${stateDirectory}: it seems to be a copy`, {
    advice:
      'two nodes with one key or MAC address disturb each other; move the copy away before the first start',
    command: `mv ${stateDirectory} ${stateDirectory}.copy`,
  });
}
