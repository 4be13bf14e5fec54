import { accessSync, constants, statSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Failure } from '../diagnostic/failure.ts';
import {
  parseSubnetEnvironment,
  renderSubnetEnvironment,
  type SubnetEnvironment,
} from '../network/subnet-env.ts';
import { makeDirectories, writeFileAtomically } from './files/atomic-file.ts';
import { explainError, hasErrorCode } from './system-error.ts';

/** Writes the subnet file, readable by all, with its directory if that is missing. The CNI plugin sees all or nothing of it. */
export async function writeSubnetFile(path: string, content: SubnetEnvironment): Promise<void> {
  try {
    await makeDirectories(dirname(path), 0o755);
    await writeFileAtomically(path, renderSubnetEnvironment(content), 0o644);
  } catch (error) {
    throw describeUnwritable(path, explainError(error), error);
  }
}

/** Throws the Failure that {@link writeSubnetFile} would, as far as that can be told without writing anything. */
export function requireSubnetFile(path: string): void {
  try {
    if (isDirectory(path)) throw describeUnwritable(path, 'it is a directory');
    const parent = findNearest(dirname(path));
    if (!isDirectory(parent)) throw describeUnwritable(path, `${parent} is not a directory`);
    accessSync(parent, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw error instanceof Failure ? error : describeUnwritable(path, explainError(error), error);
  }
}

/** The path itself, or the nearest directory above it that is there: below it the others would be made. */
function findNearest(path: string): string {
  try {
    statSync(path);
    return path;
  } catch (error) {
    if (!hasErrorCode(error, 'ENOENT', 'ENOTDIR') || path === dirname(path)) throw error;
    return findNearest(dirname(path));
  }
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT', 'ENOTDIR')) return false;
    throw error;
  }
}

function describeUnwritable(path: string, why: string, cause?: unknown): Failure {
  const kind = hasErrorCode(cause, 'EACCES', 'EPERM') ? 'privilege' : 'state-directory';
  return new Failure(kind, `the subnet file ${path} cannot be written: ${why}`, {
    hint: 'choose another path with --subnet-file',
    cause,
  });
}

/**
 * Reads the subnets that this node had before. Undefined if the file does not exist, or does not contain anything
 * usable.
 */
export async function readSubnetFile(path: string): Promise<SubnetEnvironment | undefined> {
  try {
    const environment = parseSubnetEnvironment(await readFile(path, 'utf8'));
    return 'lacks' in environment ? undefined : environment;
  } catch {
    // It is but a hint: one that cannot be read is none.
    return undefined;
  }
}

/** Whether the file holds just this: it may have been removed, or written by somebody else. */
export async function holdsSubnetFile(path: string, content: SubnetEnvironment): Promise<boolean> {
  try {
    return (await readFile(path, 'utf8')) === renderSubnetEnvironment(content);
  } catch {
    return false;
  }
}

/** Removes the subnet file; that it is gone already is well. */
export async function removeSubnetFile(path: string): Promise<void> {
  await rm(path, { force: true });
}
