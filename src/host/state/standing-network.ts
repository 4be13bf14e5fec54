import { access } from 'node:fs/promises';
import { join } from 'node:path';

/** The name of the deployment file, which is in the state directory while a network is up. */
export const deploymentName = 'deployment.json';

/** Whether an earlier run of this node may have left its network up, by its deployment file. */
export async function mayStand(stateDirectory: string): Promise<boolean> {
  try {
    await access(join(stateDirectory, deploymentName));
    return true;
  } catch {
    return false;
  }
}
