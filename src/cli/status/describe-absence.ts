import { readDeployment } from '../../daemon/network/deployment-file.ts';
import type { Deployment } from '../../daemon/network/deployment.ts';
import { devicePart } from '../../daemon/network/parts/device.ts';
import { Failure } from '../../diagnostic/failure.ts';
import { downCommand, upAgainCommand } from '../../host/state/down-command.ts';

/** The failure of a question to a daemon that is not running. It names the network that the state directory still notes, if there is one. */
export async function describeAbsence(stateDirectory: string): Promise<Failure> {
  const absence = `no heddle daemon is running with the state directory ${stateDirectory}`;
  let standing: Deployment | undefined;
  try {
    standing = await readDeployment(stateDirectory);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const { message, hint } = error;
    return new Failure('not-running', `${absence}, and ${message}`, { hint, cause: error });
  }
  if (standing === undefined) {
    return new Failure('not-running', absence, {
      hint: `start one with ${upAgainCommand(stateDirectory)}, or give --state-dir the directory that the daemon was started with`,
    });
  }
  return new Failure('not-running', `${absence}, which still notes ${describeStanding(standing)}`, {
    hint: `take it down with ${downCommand(stateDirectory)}, or start ${upAgainCommand(stateDirectory)} again with its other earlier options`,
  });
}

/** A network without a daemon, as a noun. */
function describeStanding({ recipe, parts }: Deployment): string {
  const network = `the network of ${recipe.file}`;
  return devicePart.name in parts ? network : `what is left of ${network}: ${Object.keys(parts).join(', ')}`;
}
