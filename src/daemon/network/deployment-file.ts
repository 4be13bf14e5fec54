import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../../diagnostic/failure.ts';
import { showInvisible } from '../../diagnostic/visible-text.ts';
import { readPlainFile } from '../../host/files/plain-file.ts';
import { PlainFileError } from '../../host/files/plain-file-error.ts';
import { writeStateFile } from '../../host/state/state-file.ts';
import { deploymentName } from '../../host/state/standing-network.ts';
import { explainError, hasErrorCode } from '../../host/system-error.ts';
import { deploymentVersion, type Deployment } from './deployment.ts';
import { findStranger } from './parts/parts.ts';
import { subnetFileOf, subnetFilePart } from './parts/subnet-file.ts';
import { setDeploymentAside, UnreadableDeployment } from './unreadable-deployment.ts';

/** The most bytes of a deployment file. It has the texts of a recipe and of a network configuration. */
const mostBytes = 16 * 1024 * 1024;

/**
 * Reads the deployment of a state directory. Undefined if no network is up. Throws {@link UnreadableDeployment} if the file is
 * damaged, is not a file, or was written by a newer heddle; another Failure if it cannot be read.
 */
export function readDeployment(stateDirectory: string): Promise<Deployment | undefined> {
  return new Promise((resolve) => resolve(read(stateDirectory)));
}

function read(stateDirectory: string): Deployment | undefined {
  const path = join(stateDirectory, deploymentName);
  let text: string;
  try {
    text = readPlainFile(path, mostBytes);
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) return undefined;
    if (error instanceof PlainFileError) throw damaged(stateDirectory, `it ${error.reason}`, error);
    throw new Failure('state-directory', `${path} cannot be read: ${explainError(error)}`, {
      hint: 'run heddle as the user who owns the state directory, and check the permissions of the file',
      cause: error,
    });
  }
  return understand(parse(text, stateDirectory), stateDirectory);
}

function damaged(stateDirectory: string, reason: string, cause: unknown): UnreadableDeployment {
  return new UnreadableDeployment(stateDirectory, `is damaged: ${reason}`, 'restore the file', cause);
}

/** The content of the file in any version. */
interface AnyDeployment {
  readonly version: number;
}

/** The keys of every version, each with the type that its value has in every version. */
const commonKeys: Readonly<Record<string, 'string' | 'number' | 'object'>> = {
  recipe: 'object',
  parameterValues: 'object',
  networkDocument: 'string',
  store: 'object',
  nodeName: 'string',
  iface: 'string',
  ifaceMtu: 'number',
  mtu: 'number',
};

/** Version 1 did not list parts. Its networks had these parts. */
interface DeploymentV1 extends Omit<Deployment, 'version' | 'parts'> {
  readonly version: 1;
  readonly subnetFile: string;
}

function parse(text: string, stateDirectory: string): AnyDeployment {
  try {
    if (text.trim() === '') throw new Error('it is empty');
    const found = JSON.parse(text) as Partial<AnyDeployment> | null;
    if (found === null || !Number.isInteger(found.version)) throw new Error('it has no version');
    const { version = 0 } = found;
    if (version < 1) throw new Error(`it has the version ${version}`);
    if (version <= deploymentVersion) requireKeys(found, version);
    return { ...found, version };
  } catch (error) {
    // The parser quotes a part of the text, which may be a secret.
    const reason = error instanceof SyntaxError ? 'it is not JSON' : (error as Error).message;
    throw damaged(stateDirectory, reason, error);
  }
}

/** Throws an Error for a file that this program or an older one cannot have written. */
function requireKeys(found: object, version: number): void {
  const keys = { ...commonKeys, ...(version === 1 ? { subnetFile: 'string' } : { parts: 'object' }) };
  for (const [key, type] of Object.entries(keys)) {
    const value = (found as Readonly<Record<string, unknown>>)[key];
    if (typeof value !== type || value === null) throw new Error(`it has no ${key}`);
  }
  const { recipe, parts = {} } = found as Pick<Deployment, 'recipe'> & Partial<Pick<Deployment, 'parts'>>;
  for (const key of ['file', 'name', 'text'] as const)
    if (typeof recipe[key] !== 'string') throw new Error(`its recipe has no ${key}`);
  if (subnetFilePart.name in parts && subnetFileOf(parts) === undefined)
    throw new Error('it does not say where the subnet file is');
}

function understand(found: AnyDeployment, stateDirectory: string): Deployment {
  switch (found.version) {
    case 1: {
      const { subnetFile, ...rest } = found as DeploymentV1;
      const parts = { device: {}, peers: {}, 'subnet-file': { path: subnetFile } };
      return { ...rest, version: deploymentVersion, parts };
    }
    case deploymentVersion: {
      const deployment = found as Deployment;
      const stranger = findStranger(deployment.parts);
      if (stranger === undefined) return deployment;
      throw newer(
        stateDirectory,
        `it has the part ${showInvisible(stranger)}, which this version does not know`,
      );
    }
    default:
      throw newer(stateDirectory, `format ${found.version}; this version reads up to ${deploymentVersion}`);
  }
}

function newer(stateDirectory: string, sign: string): UnreadableDeployment {
  const problem = `was written by a newer version of heddle (${sign})`;
  return new UnreadableDeployment(stateDirectory, problem, 'take the network down with that version');
}

/** Writes the file whole, mode 0600: a parameter may be a secret. Throws a Failure. */
export async function writeDeployment(stateDirectory: string, deployment: Deployment): Promise<void> {
  const text = `${JSON.stringify(deployment, null, 2)}\n`;
  await writeStateFile(join(stateDirectory, deploymentName), text);
}

/** Notes that peers or the node are about to be removed for a change of recipe. Throws a Failure. */
export async function noteChange(stateDirectory: string, change: 'peers' | 'node'): Promise<void> {
  const deployment = await readDeployment(stateDirectory);
  if (deployment !== undefined) await writeDeployment(stateDirectory, { ...deployment, change });
}

/** Keeps only these parts of a network whose other parts are gone. Throws a Failure. */
export async function narrowDeployment(stateDirectory: string, parts: readonly string[]): Promise<void> {
  const deployment = await readDeployment(stateDirectory);
  if (deployment === undefined) return;
  const left = Object.entries(deployment.parts).filter(([name]) => parts.includes(name));
  await writeDeployment(stateDirectory, { ...deployment, parts: Object.fromEntries(left) });
}

/** Removes the file. A directory in its place, which heddle cannot have made, gets another name. */
export async function removeDeployment(stateDirectory: string): Promise<void> {
  try {
    await rm(join(stateDirectory, deploymentName), { force: true });
  } catch (error) {
    if (!hasErrorCode(error, 'ERR_FS_EISDIR', 'EISDIR')) throw error;
    await setDeploymentAside(stateDirectory, new Date());
  }
}
