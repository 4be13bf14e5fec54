import { readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Failure } from '../diagnostic/failure.ts';
import { makeDirectories, writeFileAtomically } from './atomic-file.ts';
import { parseSubnetEnvironment, renderSubnetEnvironment, type SubnetEnvironment } from './subnet-env.ts';
import { explainError, hasErrorCode } from './system-error.ts';

/** Writes the subnet file, readable by all, with its directory if that is missing. The CNI plugin sees all or nothing of it. */
export async function writeSubnetFile(path: string, content: SubnetEnvironment): Promise<void> {
  try {
    await makeDirectories(dirname(path), 0o755);
    await writeFileAtomically(path, renderSubnetEnvironment(content), 0o644);
  } catch (error) {
    throw new Failure(
      hasErrorCode(error, 'EACCES', 'EPERM') ? 'privilege' : 'state-directory',
      `the subnet file ${path} could not be written: ${explainError(error)}`,
      { hint: 'choose another place with --subnet-file', cause: error },
    );
  }
}

/** Reads what this node had before. Undefined if there is no such file, or nothing in it that can be used. */
export async function readSubnetFile(path: string): Promise<SubnetEnvironment | undefined> {
  try {
    return parseSubnetEnvironment(await readFile(path, 'utf8'));
  } catch {
    // It is but a hint: one that cannot be read is none.
    return undefined;
  }
}

/** Removes the subnet file; that it is gone already is well. */
export async function removeSubnetFile(path: string): Promise<void> {
  await rm(path, { force: true });
}
