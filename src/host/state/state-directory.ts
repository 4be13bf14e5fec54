import {
  accessSync,
  chmodSync,
  constants,
  lstatSync,
  readdirSync,
  realpathSync,
  statSync,
  type Stats,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Failure } from '../../diagnostic/failure.ts';
import { makeDirectories } from '../files/atomic-file.ts';
import { explainError, hasErrorCode } from '../system-error.ts';
import { findDistrust } from '../files/trusted-file.ts';
import { ownerHint } from './owner-hint.ts';

/** The files that show that a directory is heddle's own. */
const ownFiles = ['journal', 'heddle.lock', 'heddle.sock'];

/**
 * Makes the state directory ready: it exists, belongs to this user, and has mode 0700. Commands run in it as root and keep keys there. So a
 * directory that another user could change or replace is refused with Failure `state-directory`. Returns its real path.
 */
export async function prepareStateDirectory(path: string): Promise<string> {
  const absolute = resolve(path);
  try {
    refuseForeignLinks(absolute);
    refuseOpenParents(absolute);
    await makeDirectories(absolute, 0o700);
    refuseForeignLinks(absolute);
    const real = realpathSync(absolute);
    if (checkDirectory(real) === 'open') chmodSync(real, 0o700);
    accessSync(real, constants.W_OK | constants.X_OK);
    return real;
  } catch (error) {
    throw explainUnusable(absolute, error);
  }
}

/**
 * Checks the state directory as {@link prepareStateDirectory} does, and changes nothing. Returns its real path, or undefined if it must be
 * made first.
 */
export function examineStateDirectory(path: string): string | undefined {
  const absolute = resolve(path);
  try {
    refuseForeignLinks(absolute);
    refuseOpenParents(absolute);
    const isThere = statIfThere(absolute) !== undefined;
    if (isThere) checkDirectory(realpathSync(absolute));
    accessSync(nearestThere(absolute), constants.W_OK | constants.X_OK);
    return isThere ? realpathSync(absolute) : undefined;
  } catch (error) {
    throw explainUnusable(absolute, error);
  }
}

function explainUnusable(path: string, error: unknown): Failure {
  if (error instanceof Failure) return error;
  const why = hasErrorCode(error, 'ENOTDIR', 'EEXIST')
    ? 'it, or a part of its path, is not a directory'
    : explainError(error);
  return refuse(path, why, 'give another with --state-dir', error);
}

function refuse(path: string, why: string, hint: string, cause?: unknown): Failure {
  return new Failure('state-directory', `the state directory ${path} cannot be used: ${why}`, {
    hint,
    cause,
  });
}

/** Throws if the path contains a link that neither root nor this user made. */
function refuseForeignLinks(path: string): void {
  const parent = dirname(path);
  if (parent !== path) refuseForeignLinks(parent);
  const found = statIfThere(path);
  if (found?.isSymbolicLink() === true && found.uid !== 0 && found.uid !== ownUser()) {
    throw refuse(path, `it is a symbolic link made by user ${found.uid}`, 'remove the link');
  }
}

/** For root, throws if another user can write to a directory on the way, because that user could replace this directory. */
function refuseOpenParents(path: string): void {
  const distrust = findDistrust(nearestThere(dirname(path)));
  if (distrust === undefined) return;
  const { why, hint, owner } = distrust;
  throw refuse(path, why, owner === undefined ? hint : ownerHint(owner));
}

/** The path itself, or the nearest existing directory above it. */
function nearestThere(path: string): string {
  return statIfThere(path) === undefined ? nearestThere(dirname(path)) : path;
}

function statIfThere(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

/** Checks a directory. `open` means that other users can read it, and that heddle may close it. */
function checkDirectory(path: string): 'closed' | 'open' {
  const { uid, mode } = statSync(path);
  if (uid !== ownUser()) {
    throw refuse(path, `it belongs to user ${uid}, not to user ${ownUser()}`, ownerHint(uid));
  }
  if ((mode & 0o022) !== 0) {
    throw refuse(path, `other users can write to it (mode ${octal(mode)})`, `chmod 700 ${path}`);
  }
  if ((mode & 0o777) === 0o700) return 'closed';
  // A mistyped --state-dir must not close a directory such as /var/lib to everybody else.
  if (!isOwn(path)) {
    const why = `other users can read it (mode ${octal(mode)}), and it contains files that are not heddle's`;
    throw refuse(path, why, `if only heddle uses it, chmod 700 ${path}`);
  }
  return 'open';
}

function isOwn(path: string): boolean {
  const files = readdirSync(path);
  return files.length === 0 || files.some((file) => ownFiles.includes(file));
}

function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, '0');
}

function ownUser(): number {
  return process.geteuid?.() ?? 0;
}
