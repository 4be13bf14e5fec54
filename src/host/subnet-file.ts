import { accessSync, constants, lstatSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { Failure } from '../diagnostic/failure.ts';
import type { LeaseSubnets } from '../lease/lease.ts';
import { formatCidr } from '../network/cidr.ts';
import { presentValues } from '../network/per-family.ts';
import {
  parseSubnetEnvironment,
  renderSubnetEnvironment,
  type SubnetEnvironment,
} from '../network/subnet-env.ts';
import { makeDirectories, overwriteFile, removeDrafts, writeFileAtomically } from './files/atomic-file.ts';
import { openFileHandle } from './files/plain-file.ts';
import { explainError, hasErrorCode } from './system-error.ts';

/**
 * Writes the subnet file, readable by all, and makes a missing directory for it. The CNI plugin sees the whole file or none. Only if the
 * file is a mount point, as in a container, or its directory cannot be written to, is the file written in place.
 */
export async function writeSubnetFile(path: string, content: SubnetEnvironment): Promise<void> {
  const text = renderSubnetEnvironment(content);
  try {
    await makeDirectories(dirname(path), 0o755);
    // Of a daemon that was killed: only one writes a subnet file. A draft that stays does no harm.
    await removeDrafts(dirname(path), basename(path)).catch(() => undefined);
    await writeFileAtomically(path, text, 0o644).catch((error: unknown) => writeInPlace(path, text, error));
  } catch (error) {
    throw describeUnwritable(path, explainError(error), error);
  }
}

/** The errors for a file that cannot be replaced, but perhaps written: it is a mount point, or its directory is read-only. */
const fixedPlace = ['EBUSY', 'EROFS', 'EACCES'];

/** Writes to a file in its place, or throws the error of the attempt to replace it. */
async function writeInPlace(path: string, text: string, replaceError: unknown): Promise<void> {
  if (!hasErrorCode(replaceError, ...fixedPlace)) throw replaceError;
  try {
    await overwriteFile(path, text);
  } catch {
    throw replaceError;
  }
}

/** Throws the Failure that {@link writeSubnetFile} would throw, as far as it can be known without writing. */
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

/** The path itself, or the nearest existing directory above it. Missing directories would be made below it. */
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
    const environment = parseSubnetEnvironment(await readText(path));
    return 'lacks' in environment ? undefined : environment;
  } catch {
    // The file is only a hint, so an unreadable one counts as none.
    return undefined;
  }
}

/** Reads the file if it is a regular file, and does not wait for the other end of a FIFO. */
async function readText(path: string): Promise<string> {
  const file = await openFileHandle(path, constants.O_RDONLY);
  try {
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

/** Whether the file has exactly this content. It may have been removed, or written by somebody else. */
export async function holdsSubnetFile(path: string, content: SubnetEnvironment): Promise<boolean> {
  try {
    return (await readText(path)) === renderSubnetEnvironment(content);
  } catch {
    return false;
  }
}

/** The subnets in the file if they are not these: it belongs to another network. Undefined if it is missing, or does not contain anything usable. */
export async function findOtherSubnets(path: string, own: LeaseSubnets): Promise<string | undefined> {
  const environment = await readSubnetFile(path);
  if (environment === undefined) return undefined;
  const ours = presentValues(own).map(formatCidr);
  const others = presentValues(environment)
    .map(({ subnet }) => formatCidr(subnet))
    .filter((subnet) => !ours.includes(subnet));
  return others.length === 0 ? undefined : others.join(' and ');
}

/** Removes the subnet file, if it exists. A file that cannot be removed is emptied. */
export async function removeSubnetFile(path: string): Promise<void> {
  await rm(path, { force: true }).catch((error: unknown) => writeInPlace(path, '', error));
}
