import { showInvisible } from '../../diagnostic/visible-text.ts';

/**
 * Columns aligned by spaces, the way kubectl and docker print theirs: easy to read, easy to cut. Whatever others wrote
 * into a cell stays in it.
 */
export function renderTable(header: readonly string[], given: readonly (readonly string[])[]): string {
  const rows = given.map((row) => row.map(showInvisible));
  const widths = header.map((title, column) =>
    Math.max(...[header, ...rows].map((row) => (row[column] ?? '').length), title.length),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return `${[header, ...rows].map(line).join('\n')}\n`;
}
