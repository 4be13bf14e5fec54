import type { Json } from '../../lease/lease.ts';

/** The content of a journal's text. */
export type JournalText =
  | {
      readonly kind: 'read';
      readonly entries: readonly Json[];
      /** Bytes up to the end of the last whole line; what follows was torn off by a crash. */
      readonly wholeBytes: number;
    }
  /** A line (from 1) before the end is not JSON. A crash of heddle cannot cause this. */
  | { readonly kind: 'corrupt'; readonly line: number };

/** Prints entries one a line. JSON has no bare line breaks, so a line is an entry. */
export function renderJournal(entries: readonly Json[]): string {
  return entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');
}

/** Reads a journal. A last line without its line break was never wholly written, and counts as not there. */
export function parseJournal(text: Buffer): JournalText {
  const wholeBytes = text.lastIndexOf('\n') + 1;
  const lines = text.toString('utf8', 0, wholeBytes).split('\n').slice(0, -1);
  const entries: Json[] = [];
  for (const [index, line] of lines.entries()) {
    try {
      entries.push(JSON.parse(line) as Json);
    } catch {
      return { kind: 'corrupt', line: index + 1 };
    }
  }
  return { kind: 'read', entries, wholeBytes };
}
