/** Milliseconds for people: `12 ms`, `3.4 s`, `5 min`, `24 h`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 120_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`;
  return `${Math.round(ms / 3_600_000)} h`;
}

/** `1 peer`, `2 peers`. */
export function formatCount(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}

/** Moves a text four columns to the right, empty lines excepted. */
export function indent(text: string): string {
  return text.replace(/^(?=.)/gm, '    ');
}

/** The first five items, and the number of the others: `a, b, c, d, e and 7 more`. */
export function listFew(items: readonly string[]): string {
  const shown = items.slice(0, 5).join(', ');
  return items.length <= 5 ? shown : `${shown} and ${items.length - 5} more`;
}
