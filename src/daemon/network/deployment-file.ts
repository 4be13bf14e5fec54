import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../../diagnostic/failure.ts';
import { writeFileAtomically } from '../../host/files/atomic-file.ts';
import { explainError } from '../../host/system-error.ts';
import type { Deployment } from './deployment.ts';

const fileName = 'deployment.json';

/** Reads what stands in the state directory; undefined if no network is up. Throws a Failure on a damaged file. */
export async function readDeployment(stateDirectory: string): Promise<Deployment | undefined> {
  const path = join(stateDirectory, fileName);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new Failure('state-directory', `${path} cannot be read: ${explainError(error)}`, {
      cause: error,
    });
  }
  try {
    const deployment = JSON.parse(text) as Deployment;
    // The file is this program's own; the version is what may differ.
    if ((deployment.version as number) !== 1)
      throw new Error(`version ${String(deployment.version)} is not known`);
    return deployment;
  } catch (error) {
    throw new Failure('state-directory', `${path} is damaged: ${(error as Error).message}`, {
      hint: 'take the network down by hand, then remove this file',
      cause: error,
    });
  }
}

/** Writes the file whole, mode 0600: a parameter may be a secret. Throws a Failure. */
export async function writeDeployment(stateDirectory: string, deployment: Deployment): Promise<void> {
  const path = join(stateDirectory, fileName);
  try {
    await writeFileAtomically(path, `${JSON.stringify(deployment, null, 2)}\n`, 0o600);
  } catch (error) {
    throw new Failure('state-directory', `${path} cannot be written: ${explainError(error)}`, {
      cause: error,
    });
  }
}

/** Notes what is about to be taken back for the sake of another recipe. Throws a Failure. */
export async function noteChange(stateDirectory: string, change: 'peers' | 'node'): Promise<void> {
  const deployment = await readDeployment(stateDirectory);
  if (deployment !== undefined) await writeDeployment(stateDirectory, { ...deployment, change });
}

export async function removeDeployment(stateDirectory: string): Promise<void> {
  await rm(join(stateDirectory, fileName), { force: true });
}
