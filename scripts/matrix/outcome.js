// Pure: the matrix as a part of npm test.

/**
 * What the matrix is for the report of all tests: its times, what could not be tried and why, and what failed.
 * @param {import('./matrix.js').Matrix} matrix
 * @returns {import('../test/parts.js').Outcome}
 */
export function matrixOutcome({ passed, cells, times }) {
  const impossible = cells.filter(({ outcome }) => outcome === 'impossible');
  const failed = cells.filter(({ outcome }) => outcome === 'failed');
  return {
    ok: passed,
    details: times.map(({ title, ms }) => ({ title, ms, depth: 1 })),
    skips: impossible.map((cell) => ({ what: `matrix, ${wordCell(cell)}`, reason: cell.note })),
    notes: failed.map((cell) => `${wordCell(cell)}: ${cell.note}`),
  };
}

/** @param {import('./cells.js').Cell} cell */
function wordCell({ recipe, dataPlane, underlay, families }) {
  return `${recipe}, ${dataPlane}, ${underlay} ${families}`;
}
