import { runMatrix } from '../matrix/matrix.js';
import { matrixOutcome } from '../matrix/outcome.js';
import { renderCells } from '../matrix/table.js';
import { checks } from './checks.js';
import { topFolder } from './files.js';
import { labProblem, tryLab } from './lab.js';
import { problemOf } from './node-versions.js';
import { run } from './run.js';
import { runTests } from './test-run.js';

/**
 * One part of the tests, once it is over.
 * @typedef {object} Part
 * @property {string} title
 * @property {number} ms how long it took
 * @property {boolean} ok
 * @property {import('./table.js').Row[]} details the times of its own parts
 * @property {import('./skips.js').Skip[]} skips
 * @property {Map<string, number>} files the test files that it ran, each with its milliseconds
 * @property {string[]} notes the names of the tests that failed or did not end
 */

/**
 * @typedef {object} Outcome what a part's work returns
 * @property {boolean} ok
 * @property {import('./table.js').Row[]} [details]
 * @property {import('./skips.js').Skip[]} [skips]
 * @property {Map<string, number>} [files]
 * @property {string[]} [notes]
 */

/**
 * @param {string} title @param {() => Promise<Outcome>} work @param {string} [remark] for the heading
 * @returns {Promise<Part>}
 */
async function part(title, work, remark = '') {
  process.stdout.write(`\n=== ${title}${remark}\n`);
  const begun = performance.now();
  const outcome = await work();
  const ms = performance.now() - begun;
  return { title, ms, details: [], skips: [], files: new Map(), notes: [], ...outcome };
}

/** Runs all checks at once, since each alone leaves a core idle. @param {AbortSignal} deadline */
export function runChecks(deadline) {
  return part('checks', async () => {
    const begun = performance.now();
    const ended = await Promise.all(
      checks.map(async ({ title, command }) => {
        const { ok, stdout, stderr } = await run(command, { captured: true, signal: deadline });
        process.stdout.write(`${ok ? '✔' : '✖'} ${title}\n${stdout}${stderr}`);
        return { title, ok, ms: performance.now() - begun, note: ok ? '' : 'FAILED', depth: 1 };
      }),
    );
    return { ok: ended.every(({ ok }) => ok), details: ended };
  });
}

/**
 * @param {string} title @param {readonly string[]} files
 * @param {{ node: string, user?: import('./unprivileged.js').Unprivileged, deadline: AbortSignal }} options
 */
export function runTestPart(title, files, options) {
  const work = async () => {
    const { ok, skips, failures, files: times, unfinished } = await runTests(files, options);
    /** @type {Map<string, number>} */
    const folders = new Map();
    for (const [file, ms] of [...times].sort())
      folders.set(topFolder(file), (folders.get(topFolder(file)) ?? 0) + ms);
    const problem = options.user?.problem;
    return {
      ok,
      details: [...folders].map(([folder, ms]) => ({ title: folder, ms, depth: 1 })),
      skips: [
        ...skips.map(({ file, name, reason }) => ({ what: `${file}: ${name}`, reason })),
        ...(problem === undefined ? [] : [{ what: `${title} as a user who is not root`, reason: problem }]),
      ],
      files: times,
      notes: ok
        ? []
        : [
            ...failures.map(({ file, name }) => `${file}: ${name}`),
            ...(unfinished.length > 0 ? ['these had begun and did not end:', ...unfinished] : []),
          ],
    };
  };
  return part(title, work, ` (${files.length} files)`);
}

/** Runs labs, one after the other. @param {readonly import('./lab.js').Lab[]} labs @param {AbortSignal} deadline */
export function runLabs(labs, deadline) {
  return part('labs', async () => {
    const reason = labProblem();
    if (reason !== undefined) return { ok: true, skips: [{ what: 'labs', reason }] };
    const details = [];
    const skips = [];
    for (const { recipe, problem } of labs) {
      if (problem === undefined) details.push(await labRow(recipe, process.execPath, deadline));
      else skips.push({ what: `lab of ${recipe}`, reason: problem });
    }
    return { ok: details.every(({ ok }) => ok), details, skips };
  });
}

/**
 * Tries the promises of each recipe by `heddle lab verify`, one lab for each way in which it moves packets that this machine's kernel
 * has. The others take too long here: `npm run test:matrix` boots an emulated machine for each.
 * @param {AbortSignal} deadline
 */
export function runReducedMatrix(deadline) {
  return part('matrix', async () => {
    const say = (/** @type {string} */ line) => process.stdout.write(`${line}\n`);
    const matrix = await runMatrix({ reduced: true, here: true, only: [], deadline, say });
    process.stdout.write(`${renderCells(matrix.cells)}\n`);
    return matrixOutcome(matrix);
  });
}

/** Soaks a network for five minutes, in its turn: daemons and faults keep a core busy. @param {AbortSignal} deadline */
export function runSoak(deadline) {
  return part('soak', async () => {
    if (process.getuid?.() !== 0) return { ok: true, skips: [{ what: 'soak', reason: 'needs root' }] };
    const command = [process.execPath, '--import', 'tsx', 'test/soak/main.ts'];
    return { ok: (await run(command, { signal: deadline })).ok };
  });
}

/**
 * Runs the unit tests and a lab under another Node.
 * @param {import('./node-versions.js').OtherNode} other @param {readonly string[]} files
 * @param {{ user: import('./unprivileged.js').Unprivileged, deadline: AbortSignal }} options
 * @returns {Promise<Part>}
 */
export async function runUnderNode(other, files, { user, deadline }) {
  const title = `Node ${other.version}`;
  const reason = problemOf(other);
  if (reason !== undefined) return part(title, async () => ({ ok: true, skips: [{ what: title, reason }] }));
  const tests = await runTestPart(`unit tests, ${title}`, files, { node: other.program, user, deadline });
  const lab = await part(`lab, ${title}`, async () => {
    const problem = labProblem();
    if (problem !== undefined) return { ok: true, skips: [{ what: `lab, ${title}`, reason: problem }] };
    const row = await labRow('recipes/vxlan.json', other.program, deadline);
    return { ok: row.ok, details: [row] };
  });
  return {
    title,
    ms: tests.ms + lab.ms,
    ok: tests.ok && lab.ok,
    details: [
      { title: 'unit tests', ms: tests.ms, note: tests.ok ? '' : 'FAILED', depth: 1 },
      ...lab.details,
    ],
    skips: [...tests.skips.map(({ what, reason }) => ({ what: `${what} (${title})`, reason })), ...lab.skips],
    files: new Map(),
    notes: [...tests.notes, ...lab.notes],
  };
}

/** @param {string} recipe @param {string} node @param {AbortSignal} deadline */
async function labRow(recipe, node, deadline) {
  const begun = performance.now();
  const trouble = await tryLab(recipe, { node, deadline });
  const ok = trouble === undefined;
  process.stdout.write(ok ? `✔ lab of ${recipe}\n` : `✖ lab of ${recipe}\n${trouble}\n`);
  const ms = performance.now() - begun;
  return { title: `lab of ${recipe}`, ok, ms, note: ok ? '' : 'FAILED', depth: 1 };
}
