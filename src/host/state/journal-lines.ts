import type { Json } from '../../lease/lease.ts';

/** The content of a journal's whole lines. */
type JournalText =
  | { readonly kind: 'read'; readonly entries: readonly Json[] }
  /** A whole line is not JSON; `line` is its number, from 1. A crash of heddle cannot cause this. */
  | { readonly kind: 'corrupt'; readonly line: number };

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
      return { kind: 'corrupt', line: index + 1 };
    }
  }
  return { kind: 'read', entries };
}
