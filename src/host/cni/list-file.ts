import { createHash } from 'node:crypto';
import { accessSync, closeSync, constants, fstatSync, readFileSync, type BigIntStats } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { stampIn } from '../../cni/stamp.ts';
import { Failure } from '../../diagnostic/failure.ts';
import { removeDrafts, writeFileAtomically } from '../files/atomic-file.ts';
import { openPlainFile } from '../files/plain-file.ts';
import { PlainFileError } from '../files/plain-file-error.ts';
import { explainError, hasErrorCode } from '../system-error.ts';
import { readListRecord, removeListRecord, writeListRecord } from './list-record.ts';

/** The name of heddle's list in the directory of the container runtime. */
export const listName = '10-heddle.conflist';

/** The most bytes of a CNI list. */
export const mostListBytes = 1024 * 1024;

/** The list in the directory, and whose it is. */
type ListSight =
  | { readonly kind: 'absent' }
  /** Written by this daemon, or by an earlier one with its state directory. */
  | {
      readonly kind: 'ours';
      readonly text: string;
      readonly isKnown: boolean;
      readonly isRecorded: boolean;
      readonly mode: number;
    }
  /** `because` has the file as its subject. */
  | { readonly kind: 'foreign'; readonly because: string };

/** A place for a list. */
export interface ListPlace {
  readonly path: string;
  /** The state directory of the daemon whose list it is. */
  readonly stateDirectory: string;
}

/**
 * Looks at a list. It is ours if it has the mark of the state directory, the content that heddle wrote last, or `wanted`, which heddle would
 * write; a file that heddle wrote stays ours when it is changed in its place. Throws the system's error.
 *
 * @param wanted the contents that heddle would write or would have written; for a daemon that lost its record
 */
export function lookAtList({ path, stateDirectory }: ListPlace, wanted: readonly string[]): ListSight {
  const read = readList(path);
  if (read.kind !== 'read') return read;
  const { text, stats } = read;
  const record = readListRecord(stateDirectory);
  const isKnown = record.hashes.includes(hashOf(text));
  const identity = fileIdentity(stats);
  const isSameFile = identity !== undefined && record.file === identity;
  const stamp = stampIn(text);
  if (isKnown || isSameFile || wanted.includes(text) || stamp === stateDirectory) {
    return {
      kind: 'ours',
      text,
      isKnown,
      isRecorded: isKnown && record.file === identity,
      mode: Number(stats.mode) & 0o7777,
    };
  }
  const because =
    stamp === undefined
      ? 'heddle did not write it'
      : `the heddle daemon with the state directory ${stamp} wrote it`;
  return { kind: 'foreign', because };
}

type ListReading =
  | Exclude<ListSight, { readonly kind: 'ours' }>
  | { readonly kind: 'read'; readonly text: string; readonly stats: BigIntStats };

function readList(path: string): ListReading {
  let file: number;
  try {
    ({ file } = openPlainFile(path, constants.O_RDONLY));
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT', 'ENOTDIR')) return { kind: 'absent' };
    if (error instanceof PlainFileError) return { kind: 'foreign', because: `it ${error.reason}` };
    throw error;
  }
  try {
    const stats = fstatSync(file, { bigint: true });
    if (stats.size > mostListBytes)
      return { kind: 'foreign', because: `it is larger than ${mostListBytes} bytes` };
    return { kind: 'read', text: readFileSync(file, 'utf8'), stats };
  } finally {
    closeSync(file);
  }
}

/**
 * Names a file so that a later file with the same inode number has another name. Undefined on a file system that does not note when a file
 * was made.
 */
function fileIdentity({ dev, ino, birthtimeNs }: BigIntStats): string | undefined {
  return birthtimeNs === 0n ? undefined : [dev, ino, birthtimeNs].join(':');
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** The mode of a list: container runtimes and their tools read it. */
export const listMode = 0o644;

/**
 * Writes a list, mode 0644, unless it is there already. A container runtime sees the old list or the new one; it passes over the draft,
 * whose name ends otherwise. The record is written first, so that a daemon that is killed meanwhile still knows its list. Throws a Failure;
 * a list that is not ours stays.
 */
export async function installList(place: ListPlace, text: string): Promise<void> {
  const { path, stateDirectory } = place;
  const sight = examine(place, text);
  if (sight.kind === 'foreign') throw new Failure('state-directory', describeForeign(path, sight.because));
  if (isInPlace(sight, text)) {
    // The directory may be read-only, with the list of an earlier daemon in it.
    await removeDrafts(dirname(path), basename(path)).catch(() => undefined);
    return recordList(place, text);
  }
  const before = readListRecord(stateDirectory);
  const old = sight.kind === 'ours' ? [hashOf(sight.text)] : [];
  const hashes = [...new Set([...old, hashOf(text)])];
  await writeListRecord(stateDirectory, { hashes, file: sight.kind === 'ours' ? before.file : undefined });
  try {
    await removeDrafts(dirname(path), basename(path));
    await writeFileAtomically(path, text, listMode);
  } catch (error) {
    throw describeUnwritable(path, error);
  }
  await recordList(place, text);
}

/** Whether a list is ours, has this content, and can be read by all. */
function isInPlace(sight: ListSight, text: string): boolean {
  return sight.kind === 'ours' && sight.text === text && sight.mode === listMode;
}

function examine(place: ListPlace, text: string): ListSight {
  try {
    return lookAtList(place, [text]);
  } catch (error) {
    throw describeUnwritable(place.path, error);
  }
}

/** Notes that the file at the place has this content, written by heddle. Throws a Failure. */
export async function recordList({ path, stateDirectory }: ListPlace, text: string): Promise<void> {
  const read = readList(path);
  const file = read.kind === 'read' && read.text === text ? fileIdentity(read.stats) : undefined;
  await writeListRecord(stateDirectory, { hashes: [hashOf(text)], file });
}

/** Removes a list if it is ours, and forgets it. Returns why it stays; undefined if it is gone. Throws the system's error. */
export async function removeList(place: ListPlace): Promise<string | undefined> {
  const { path, stateDirectory } = place;
  const sight = lookAtList(place, []);
  if (sight.kind === 'ours') {
    await rm(path, { force: true });
    await removeDrafts(dirname(path), basename(path));
  }
  await removeListRecord(stateDirectory);
  return sight.kind === 'foreign' ? sight.because : undefined;
}

/** The problem of a list that is not ours, with the cure, as a clause. */
export function describeForeign(path: string, because: string): string {
  return `${path} stays as it is, because ${because}: ${foreignCure}`;
}

const foreignCure = 'move it away, or give another directory with --cni-conf-dir';

function describeUnwritable(path: string, error: unknown): Failure {
  const kind = hasErrorCode(error, 'EACCES', 'EPERM') ? 'privilege' : 'state-directory';
  const { because, cure } = explainUnwritable(path, error);
  return new Failure(kind, `${because}; ${cure}`, { cause: error });
}

/** The obstacle that keeps heddle from writing a list. */
interface ListObstacle {
  /** A clause with the path of the list in it. */
  readonly because: string;
  /** The cure, in the imperative. */
  readonly cure: string;
}

/** Finds what keeps heddle from writing a list, without a change. Undefined if it can write the list. */
export function findListObstacle(place: ListPlace, wanted: readonly string[]): ListObstacle | undefined {
  const { path } = place;
  try {
    const sight = lookAtList(place, wanted);
    if (wanted.some((text) => isInPlace(sight, text))) return undefined;
    // A directory has this entry.
    accessSync(`${dirname(path)}/.`, constants.W_OK | constants.X_OK);
    if (sight.kind !== 'foreign') return undefined;
    return { because: `${path} stays as it is, because ${sight.because}`, cure: foreignCure };
  } catch (error) {
    return explainUnwritable(path, error);
  }
}

function explainUnwritable(path: string, error: unknown): ListObstacle {
  const [why, cure] = explainCause(dirname(path), error);
  return {
    because: `the CNI list ${path} cannot be written: ${why}`,
    cure: `${cure}, or give another directory with --cni-conf-dir`,
  };
}

/** The reason why a list cannot be written into a directory, and the cure. */
function explainCause(directory: string, error: unknown): readonly [why: string, cure: string] {
  if (hasErrorCode(error, 'ENOENT'))
    return [`the directory ${directory} does not exist`, 'create it as the container runtime does'];
  if (hasErrorCode(error, 'ENOTDIR')) return [`${directory} is not a directory`, 'move it away'];
  if (hasErrorCode(error, 'ENOSPC', 'EDQUOT')) return [explainError(error), 'free some space'];
  return [explainError(error), `make the directory ${directory} writable`];
}
