import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../../diagnostic/failure.ts';
import { downCommand } from '../../host/state/down-command.ts';
import { deploymentName } from '../../host/state/standing-network.ts';

/** The failure of a deployment file that this program cannot use; see {@link setDeploymentAside} for the way out. */
export class UnreadableDeployment extends Failure {
  /**
   * @param problem has the file's path for its subject: `is damaged: it has no version`
   * @param cure what to try before the network is forgotten
   */
  constructor(stateDirectory: string, problem: string, cure: string, cause?: unknown) {
    super('state-directory', `${join(stateDirectory, deploymentName)} ${problem}`, {
      hint: `${cure}, or run ${downCommand(stateDirectory, '--forget')}: it keeps the file under another name and forgets the network; the kernel is not changed`,
      cause,
    });
  }
}

/**
 * Gives the deployment file, or whatever has its name, another name in its directory. Returns the new path. Nothing of it is lost. Rejects with
 * the error of the file system.
 *
 * @param now the time for the new name
 */
export async function setDeploymentAside(stateDirectory: string, now: Date): Promise<string> {
  const newPath = join(stateDirectory, `.deployment-damaged-${now.toISOString().replaceAll(':', '-')}`);
  await rename(join(stateDirectory, deploymentName), newPath);
  return newPath;
}
