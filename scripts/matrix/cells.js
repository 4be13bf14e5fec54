// Pure: the cells of the table, from the ends of the jobs.

/**
 * A recipe with a data plane, on an underlay, with families.
 * @typedef {object} Cell
 * @property {string} recipe
 * @property {string} dataPlane
 * @property {import('./recipes.js').Underlay} underlay
 * @property {import('./recipes.js').Families} families
 * @property {'here' | 'guest' | 'nowhere'} place
 * @property {'passed' | 'expected' | 'failed' | 'impossible'} outcome expected: passed, and what is not meant to work there does not
 * @property {readonly string[]} rows the promises that were tried, and `tests` if the tests of the data plane were run there
 * @property {boolean} complete whether these are all promises
 * @property {string} note why it did not pass
 */

/**
 * The cells of a job.
 * @param {import('./plan.js').Job} job
 * @param {import('./run-job.js').JobEnd | undefined} end undefined if the job was not run
 * @returns {readonly Cell[]}
 */
export function cellsOf({ recipe, dataPlane, place, scope }, end) {
  return scope.underlays.flatMap((underlay) =>
    scope.families.map((families) => ({
      recipe: recipe.name,
      dataPlane: dataPlane.name,
      underlay,
      families,
      place: place.kind,
      complete: place.kind !== 'nowhere' && scope.rows.length === 0,
      ...judge(place, end, underlay, families),
    })),
  );
}

/**
 * @param {import('./plan.js').Place} place @param {import('./run-job.js').JobEnd | undefined} end
 * @param {string} underlay @param {string} families
 * @returns {Pick<Cell, 'outcome' | 'rows' | 'note'>}
 */
function judge(place, end, underlay, families) {
  if (place.kind === 'nowhere') return { outcome: 'impossible', rows: [], note: place.reason };
  if (end === undefined) return { outcome: 'failed', rows: [], note: 'it was not tried: the time was over' };
  if ('problem' in end) return { outcome: 'failed', rows: [], note: end.problem };
  /** @type {{ id: string, outcome: string, note: string }[]} */
  const tries = end.report.promises.flatMap((/** @type {any} */ { id, tries }) =>
    tries
      .filter((/** @type {any} */ each) => each.underlay === underlay && each.families === families)
      .map((/** @type {any} */ each) => ({ id, outcome: each.outcome, note: each.note })),
  );
  if (end.tests !== undefined)
    tries.push({ id: 'tests', outcome: end.tests.ok ? 'kept' : 'broken', note: end.tests.note });
  const rows = tries.map(({ id }) => id);
  const broken = tries.filter(({ outcome }) => outcome === 'broken');
  if (broken.length > 0)
    return { outcome: 'failed', rows, note: broken.map(({ id, note }) => `${id}: ${note}`).join('; ') };
  if (tries.every(({ id }) => id === 'tests'))
    return { outcome: 'failed', rows, note: 'the report has no such lab' };
  const expected = tries.find(({ outcome }) => outcome === 'expected');
  return expected === undefined
    ? { outcome: 'passed', rows, note: '' }
    : { outcome: 'expected', rows, note: expected.note };
}

/** Whether nothing failed. @param {readonly Cell[]} cells */
export function nothingFailed(cells) {
  return cells.every(({ outcome }) => outcome !== 'failed');
}
