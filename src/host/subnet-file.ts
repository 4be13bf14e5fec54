import { accessSync, constants, lstatSync, statSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Failure } from '../diagnostic/failure.ts';
import {
  parseSubnetEnvironment,
  renderSubnetEnvironment,
  type SubnetEnvironment,
} from '../network/subnet-env.ts';
import { makeDirectories, overwriteFile, writeFileAtomically } from './files/atomic-file.ts';
import { explainError, hasErrorCode } from './system-error.ts';

/**
 * Writes the subnet file, readable by all, with its directory if that is missing. The CNI plugin sees all or nothing of it, unless the
 * file itself is a mount point, as in a container, or its directory cannot be written to: then it is written in place.
 */
export async function writeSubnetFile(path: string, content: SubnetEnvironment): Promise<void> {
  const text = renderSubnetEnvironment(content);
  try {
    await makeDirectories(dirname(path), 0o755);
    await writeFileAtomically(path, text, 0o644).catch((error: unknown) => writeInPlace(path, text, error));
  } catch (error) {
    throw describeUnwritable(path, explainError(error), error);
  }
}

/** The errors of a file that cannot be replaced, but perhaps written: a mount point, or a directory that is read-only. */
const fixedPlace = ['EBUSY', 'EROFS', 'EACCES'];

/** Writes to a file that stays where it is, or throws the error of the attempt to replace it. */
async function writeInPlace(path: string, text: string, replaceError: unknown): Promise<void> {
  if (!hasErrorCode(replaceError, ...fixedPlace)) throw replaceError;
  try {
    await overwriteFile(path, text);
  } catch {
    throw replaceError;
  }
}

/** Throws the Failure that {@link writeSubnetFile} would, as far as that can be told without writing anything. */
export function requireSubnetFile(path: string): void {
  try {
    if (isDirectory(path)) throw describeUnwritable(path, 'it is a directory');
    const parent = findNearest(dirname(path));
    if (!isDirectory(parent)) throw describeUnwritable(path, `${parent} is not a directory`);
    if (!isWritableFile(path)) accessSync(parent, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw error instanceof Failure ? error : describeUnwritable(path, explainError(error), error);
  }
}

function isWritableFile(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return lstatSync(path).isFile();
  } catch {
    return false;
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

/** Removes the subnet file; it may be gone already. A file that cannot be removed from its place is emptied. */
export async function removeSubnetFile(path: string): Promise<void> {
  await rm(path, { force: true }).catch((error: unknown) => writeInPlace(path, '', error));
}
