import { labProblem } from '../test/lab.js';
import { cellsOf, nothingFailed } from './cells.js';
import { hasFeature, hasProgram } from './features.js';
import { guestProblem } from './kernel.js';
import { planMatrix } from './plan.js';
import { matrixRecipes } from './recipes.js';
import { runJob } from './run-job.js';

/**
 * The outcome of the matrix.
 * @typedef {object} Matrix
 * @property {boolean} passed whether nothing failed
 * @property {readonly import('./cells.js').Cell[]} cells
 * @property {readonly { title: string, ms: number }[]} times of each job that was run
 */

/**
 * Runs the matrix, one job after the other, because a guest keeps two cores busy.
 * @param {{ reduced: boolean, here: boolean, only: readonly string[], deadline: AbortSignal, say: (line: string) => void }} options
 * @returns {Promise<Matrix>}
 */
export async function runMatrix({ reduced, here, only, deadline, say }) {
  const facts = {
    labProblem: labProblem(),
    guestProblem: guestProblem(),
    hasFeature: once(hasFeature),
    hasProgram: once(hasProgram),
  };
  const jobs = planMatrix(matrixRecipes(), { facts, reduced, here, only });
  const cells = [];
  const times = [];
  for (const job of jobs) {
    const title = `${job.recipe.name}, ${job.dataPlane.name}`;
    if (job.place.kind === 'nowhere') say(`${title}: not tried: ${job.place.reason}`);
    if (job.place.kind === 'nowhere' || deadline.aborted) {
      cells.push(...cellsOf(job, undefined));
      continue;
    }
    say(`${title}: ${job.place.kind === 'guest' ? 'booting a Debian kernel' : 'starting'}`);
    const end = await runJob(job, { deadline, onProgress: (line) => say(`${title}: ${line}`) });
    cells.push(...cellsOf(job, end));
    times.push({ title, ms: end.ms });
  }
  return { passed: nothingFailed(cells), cells, times };
}

/** A function that asks once for each argument. @template T @param {(argument: string) => T} ask @returns {(argument: string) => T} */
function once(ask) {
  /** @type {Map<string, T>} */
  const answers = new Map();
  return (argument) => {
    if (!answers.has(argument)) answers.set(argument, ask(argument));
    return /** @type {T} */ (answers.get(argument));
  };
}
