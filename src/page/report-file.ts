import { constants, lstatSync, realpathSync, statSync, type Stats } from 'node:fs';
import { access, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { Failure, type FailureKind } from '../diagnostic/failure.ts';
import { writeFileAtomically } from '../host/files/atomic-file.ts';
import { explainError, hasErrorCode } from '../host/system-error.ts';
import { makePage } from './html.ts';
import type { PageDocument } from './model.ts';

/** The mode of a new report: everybody may read it, as with other files that people write. */
const newMode = 0o644;

/**
 * Writes a page as one file that needs no server. A file that cannot be written as a whole is left as it was. Throws a {@link Failure}.
 *
 * @param kind the kind of the failure. A test that has failed decides about the exit code, even if its report cannot be written.
 */
export async function writeReport(
  file: string,
  document: PageDocument,
  kind: FailureKind = 'usage',
): Promise<void> {
  try {
    const { html } = makePage(document);
    const place = findPlace(file);
    if (place.stats !== undefined && !place.stats.isFile()) await writeFile(place.path, html);
    else await writeFileAtomically(place.path, html, place.stats ? place.stats.mode & 0o777 : newMode);
  } catch (cause) {
    throw refuseFile(file, cause, kind);
  }
}

/** Checks that a report can be written, before anything starts. Throws a {@link Failure}. */
export async function requireWritable(file: string): Promise<void> {
  try {
    const { path, stats } = findPlace(file);
    if (stats?.isDirectory()) throw new Error('it is a directory');
    if (stats?.isFIFO() || stats?.isSocket()) throw new Error('it is not a regular file');
    // With the dot, a parent that is not a directory is refused.
    if (stats === undefined || stats.isFile()) await access(`${dirname(path)}/.`, constants.W_OK);
    if (stats !== undefined) await access(path, constants.W_OK);
  } catch (cause) {
    throw refuseFile(file, cause, 'usage');
  }
}

/** Follows links to the file that is meant. Its state is undefined if it does not exist yet. */
function findPlace(file: string): { readonly path: string; readonly stats: Stats | undefined } {
  if (file === '') throw new Error('the name of the file is empty');
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats !== undefined) return { path: realpathSync(file), stats };
  if (lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink())
    throw new Error('it is a link that leads nowhere');
  return { path: resolve(file), stats };
}

function refuseFile(file: string, cause: unknown, kind: FailureKind): Failure {
  const isFull = hasErrorCode(cause, 'ENOSPC') || hasErrorCode(cause, 'EDQUOT');
  return new Failure(kind, `the report cannot be written to ${file}: ${explainError(cause)}`, {
    hint: isFull
      ? 'make room there, or give --report a file on another disk'
      : 'give --report a file in a directory that exists and that you may write to',
    cause,
  });
}
