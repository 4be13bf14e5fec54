// Pure: the table for people.
import Table from 'cli-table3';

/** @typedef {import('./cells.js').Cell} Cell */

const signs = { passed: '✔', expected: '✔', failed: '✘', impossible: '–' };
const places = { here: 'this kernel', guest: 'Debian kernel in qemu', nowhere: '' };

/**
 * Renders the cells, a line for each recipe, data plane and underlay, and below it the reasons.
 * @param {readonly Cell[]} cells
 */
export function renderCells(cells) {
  const columns = [...new Set(cells.map(({ families }) => families))];
  const table = new Table({
    head: ['recipe', 'data plane', 'underlay', ...columns, 'where', 'promises'],
    style: { head: [], border: [] },
  });
  const lines = groupBy(cells, ({ recipe, dataPlane, underlay }) => `${recipe} ${dataPlane} ${underlay}`);
  for (const line of lines.values()) {
    const [{ recipe, dataPlane, underlay, place, ...tried }] = /** @type {[Cell]} */ (line);
    const signOf = (/** @type {string} */ families) => {
      const cell = line.find((each) => each.families === families);
      return cell === undefined ? '' : signs[cell.outcome];
    };
    table.push([recipe, dataPlane, underlay, ...columns.map(signOf), places[place], wordRows(tried)]);
  }
  const notes = groupBy(
    cells.filter(({ note }) => note !== ''),
    ({ outcome, recipe, dataPlane, note }) => `${signs[outcome]} ${recipe}, ${dataPlane}: ${note}`,
  );
  const reasons = [...notes].map(
    ([text, cells]) =>
      `${text} (${cells.map(({ underlay, families }) => `${underlay} ${families}`).join(', ')})`,
  );
  return [table.toString(), ...reasons, summarise(cells)].join('\n');
}

/** @param {Pick<Cell, 'rows' | 'complete'>} cell */
function wordRows({ rows, complete }) {
  return complete && rows.length > 0 ? `all ${rows.length}` : rows.join(', ');
}

/** Node 20 does not have Map.groupBy. @template T @param {readonly T[]} items @param {(item: T) => string} keyOf */
function groupBy(items, keyOf) {
  /** @type {Map<string, T[]>} */
  const groups = new Map();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}

/** One line on all cells. @param {readonly Cell[]} cells */
function summarise(cells) {
  const count = (/** @type {(outcome: Cell['outcome']) => boolean} */ is) =>
    cells.filter(({ outcome }) => is(outcome)).length;
  const passed = count((outcome) => outcome === 'passed' || outcome === 'expected');
  const failed = count((outcome) => outcome === 'failed');
  const impossible = count((outcome) => outcome === 'impossible');
  return `${failed === 0 ? '✔' : '✘'} ${passed} of ${cells.length} passed, ${failed} failed, ${impossible} cannot be tried on this machine`;
}
