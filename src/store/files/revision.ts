import { hash, randomBytes } from 'node:crypto';

/** A mark for the text of a lease's file, which makes each write differ from the one before. */
export function newMark(): string {
  return randomBytes(9).toString('base64url');
}

/** The revision of a lease whose file has this text. */
export function fileRevision(text: string): string {
  return hash('sha1', text, 'base64');
}
