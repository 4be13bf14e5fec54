/** @typedef {{ title: string, ms?: number, note?: string, depth?: number }} Row */

/** Renders rows with aligned times; a row is indented by its depth. @param {readonly Row[]} rows */
export function renderTimes(rows) {
  const lines = rows.map(({ title, ms, note = '', depth = 0 }) => ({
    title: `${'  '.repeat(depth)}${title}`,
    time: ms === undefined ? '' : `${(ms / 1000).toFixed(1)} s`,
    note,
  }));
  const widest = (/** @type {'title' | 'time'} */ column) =>
    Math.max(0, ...lines.map((line) => line[column].length));
  const [titles, times] = [widest('title'), widest('time')];
  return lines
    .map(({ title, time, note }) => `${title.padEnd(titles)}  ${time.padStart(times)}  ${note}`.trimEnd())
    .join('\n');
}
