import { constants, existsSync, statSync } from 'node:fs';
import { access, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { Failure } from '../diagnostic/failure.ts';
import { explainError } from '../host/system-error.ts';
import { makePage } from './html.ts';
import type { PageDocument } from './model.ts';

/** Writes a page as one file that needs no server. Throws a {@link Failure} if the file cannot be written. */
export async function writeReport(file: string, document: PageDocument): Promise<void> {
  try {
    await writeFile(file, makePage(document).html);
  } catch (cause) {
    throw refuseFile(file, cause);
  }
}

/** Checks that a report can be written, before anything starts. Throws a {@link Failure}. */
export async function requireWritable(file: string): Promise<void> {
  try {
    const isThere = existsSync(file);
    if (isThere && statSync(file).isDirectory()) throw new Error('it is a directory');
    await access(isThere ? file : dirname(resolve(file)), constants.W_OK);
  } catch (cause) {
    throw refuseFile(file, cause);
  }
}

function refuseFile(file: string, cause: unknown): Failure {
  return new Failure('usage', `the report cannot be written to ${file}: ${explainError(cause)}`, {
    hint: 'give --report a file in a directory that exists and that you may write to',
    cause,
  });
}
