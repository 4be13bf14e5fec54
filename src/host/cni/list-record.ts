import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readPlainFile } from '../files/plain-file.ts';
import { writeStateFile } from '../state/state-file.ts';

/** The name of the file in the state directory that says which CNI list heddle wrote. */
const recordName = 'cni-list.json';

/** The most bytes of the file. */
const mostBytes = 64 * 1024;

/** A daemon's note about the CNI list that it wrote. */
interface ListRecord {
  /** The SHA-256 hashes of the contents that the list may have: while it is replaced, the old one and the new one. */
  readonly hashes: readonly string[];
  /** The file, as {@link fileIdentity} has it: a list that was changed in its place is still this file. Undefined while it is replaced. */
  readonly file: string | undefined;
}

const noRecord: ListRecord = { hashes: [], file: undefined };

/** Reads the record. A file that is missing or damaged counts as empty: then only the mark and the content of a list show whose it is. */
export function readListRecord(stateDirectory: string): ListRecord {
  try {
    const text = readPlainFile(join(stateDirectory, recordName), mostBytes);
    const { hashes, file } = JSON.parse(text) as { readonly hashes?: unknown; readonly file?: unknown };
    const known = Array.isArray(hashes) ? hashes.filter((hash) => typeof hash === 'string') : [];
    return { hashes: known, file: typeof file === 'string' ? file : undefined };
  } catch {
    return noRecord;
  }
}

/** Writes the record whole. Throws Failure `state-directory`. */
export async function writeListRecord(stateDirectory: string, record: ListRecord): Promise<void> {
  await writeStateFile(join(stateDirectory, recordName), `${JSON.stringify(record)}\n`);
}

/** Removes the record. Rejects with the system's error. */
export async function removeListRecord(stateDirectory: string): Promise<void> {
  await rm(join(stateDirectory, recordName), { force: true });
}
