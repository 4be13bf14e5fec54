import type { Json } from '../../lease/lease.ts';

/** The content of a journal's whole lines. */
type JournalText =
  | { readonly kind: 'read'; readonly entries: readonly Json[] }
  /** A line (from 1) is whole, but not an entry. A crash of heddle cannot cause this. `reason` has the line for its subject. */
  | { readonly kind: 'corrupt'; readonly line: number; readonly reason: string };

/** Prints entries, one on each line. JSON has no bare line breaks, so each line is an entry. */
export function renderJournal(entries: readonly Json[]): string {
  return entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');
}

const lineBreak = 0x0a;

/**
 * Counts the bytes of a journal up to the end of its last whole line. The rest does not count, because a crash interrupted its write.
 */
export function countWholeBytes(journal: Uint8Array): number {
  return journal.lastIndexOf(lineBreak) + 1;
}

/** Reads the whole lines of a journal. */
export function parseJournal(wholeLines: string): JournalText {
  const entries: Json[] = [];
  for (const [index, line] of wholeLines.split('\n').slice(0, -1).entries()) {
    try {
      entries.push(JSON.parse(line) as Json);
    } catch {
      return { kind: 'corrupt', line: index + 1, reason: describeDamage(line) };
    }
  }
  return { kind: 'read', entries };
}

function describeDamage(line: string): string {
  // A file system may leave these after a loss of power.
  return line.includes('\0') ? 'contains zero bytes' : 'is not JSON';
}
