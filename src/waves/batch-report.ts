import type { LineTool } from './tools/batch-tool.ts';

/** How one line of a batch ended. */
type LineEnd =
  /** `message` is a warning, or empty. */
  | { readonly kind: 'succeeded'; readonly message: string }
  | { readonly kind: 'refused'; readonly message: string }
  /** The program ended before it came to the line. */
  | { readonly kind: 'unread' };

/** The input of a tool: each call, and a marker after it. */
export function batchInput(lines: readonly string[], { marker }: LineTool): string {
  let input = '';
  for (const line of lines) input += `${line}\n${marker}\n`;
  return input;
}

/** The end of most lines; nothing was printed about them. */
const quietSuccess: LineEnd = { kind: 'succeeded', message: '' };

/**
 * Reads from a tool's messages how each line of its input ended. A tool that cannot parse a line ends there: that line is refused, those
 * after it are unread.
 */
export function judgeBatch(count: number, messages: string, tool: LineTool): readonly LineEnd[] {
  const ends: LineEnd[] = [];
  let message: string[] = [];
  let refused: string | undefined;
  for (const line of messages.split('\n')) {
    const number = Number(tool.refusal.exec(line)?.[1] ?? 0);
    if (number === 0) {
      if (line !== '' && !tool.aboutMarker.test(line)) message.push(line);
      continue;
    }
    if (number % 2 === 1) refused = [...message, line].join('\n');
    else {
      if (refused !== undefined) ends.push({ kind: 'refused', message: refused });
      else
        ends.push(message.length === 0 ? quietSuccess : { kind: 'succeeded', message: message.join('\n') });
      refused = undefined;
    }
    if (message.length > 0) message = [];
  }
  if (ends.length < count) ends.push({ kind: 'refused', message: message.join('\n') });
  while (ends.length < count) ends.push({ kind: 'unread' });
  return ends;
}
