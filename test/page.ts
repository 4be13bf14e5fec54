import { readFileSync } from 'node:fs';

/** A fenced block of a page: ```` ```json overlay.json ```` has the kind `json` and the title `overlay.json`. */
export interface Block {
  readonly kind: string;
  readonly title: string;
  readonly text: string;
  /** Of its first fence, from 1. */
  readonly line: number;
  /** The heading that it stands below. */
  readonly heading: string;
}

export function readPage(path: string): string {
  return readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
}

export function blocksOf(page: string): readonly Block[] {
  const blocks: Block[] = [];
  let heading = '';
  let open: { kind: string; title: string; line: number; lines: string[] } | undefined;
  for (const [index, line] of page.split('\n').entries()) {
    const fence = /^```(\w*) ?(.*)$/.exec(line);
    if (open !== undefined && fence !== null) {
      const { lines, ...rest } = open;
      blocks.push({ ...rest, heading, text: lines.join('\n') });
      open = undefined;
    } else if (open !== undefined) open.lines.push(line);
    else if (fence !== null)
      open = { kind: fence[1] ?? '', title: fence[2] ?? '', line: index + 1, lines: [] };
    else heading = /^#+ (.*)$/.exec(line)?.[1] ?? heading;
  }
  return blocks;
}

/** A link of a page to another file, or to a heading of the page itself. */
interface PageLink {
  /** Relative to the page; empty for the page itself. */
  readonly target: string;
  /** The anchor of the heading; empty if the link leads to no heading. */
  readonly heading: string;
}

/** The links of a page that do not lead to another machine. */
export function pageLinks(page: string): readonly PageLink[] {
  const text = page.replaceAll(/^```[^]*?^```/gm, '');
  return [...text.matchAll(/\]\(([^)#:\s]*)(?:#([^)\s]*))?\)/g)].map(([, target = '', heading = '']) => ({
    target,
    heading,
  }));
}

/** The anchors of the headings of a page, as GitHub makes them. */
export function anchorsOf(page: string): readonly string[] {
  const headings = page.replaceAll(/^```[^]*?^```/gm, '').matchAll(/^#+ (.*)$/gm);
  return [...headings].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** The rows of the tables below a heading, cell by cell, without their heads. */
export function rowsBelow(page: string, heading: string): readonly (readonly string[])[] {
  const section = page.split(/^(?=#+ )/m).find((part) => new RegExp(`^#+ ${heading}\n`).test(part)) ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('|'));
  const rules = rows.findIndex((row) => /^\|[ -|]+$/.test(row) && row.includes('---'));
  return rows.slice(rules + 1).map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** Whether lines stand in a text in this order: `…` alone skips lines, and within a line anything. */
export function findLines(text: string, wanted: readonly string[]): string | undefined {
  const lines = text.split('\n').map((line) => line.trimEnd());
  let at = 0;
  let mayskip = true;
  for (const line of wanted.map((each) => each.trimEnd())) {
    if (line === '…') {
      mayskip = true;
      continue;
    }
    const parts = line.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    const pattern = new RegExp(`^${parts.join('.*')}$`);
    const found = lines.findIndex((each, index) => index >= at && pattern.test(each));
    if (found === -1 || (!mayskip && found !== at)) return line;
    at = found + 1;
    mayskip = false;
  }
  return undefined;
}
