#!/usr/bin/env node
// Tries every recipe with every family on every underlay by `heddle lab verify`: on this machine's kernel, or, where that
// lacks something, on a Debian kernel under qemu.
//   npm run test:matrix
//   npm run test:matrix -- --only wireguard --only ipip/kernel --reduced --json
import { parseArgs } from 'node:util';
import { runMatrix } from './matrix/matrix.js';
import { unknownNames } from './matrix/plan.js';
import { matrixRecipes } from './matrix/recipes.js';
import { renderCells } from './matrix/table.js';

const usage = `Usage: npm run test:matrix -- [options]

Tries every recipe with every address family on both underlays by heddle lab verify, on this machine's kernel or on a Debian
kernel under qemu, and shows a table. Exits with 0 if nothing failed.

  --only NAME      a recipe (wireguard) or one of its data planes (wireguard/kernel) only; repeat it for more
  --reduced        one lab for each data plane
  --here           only what this machine's kernel can carry
  --minutes N      the time limit (default: 120)
  --json           print one JSON object; the progress is on stderr in any case
  --help           show this help
`;

/** @param {string} message @returns {never} */
function refuse(message) {
  process.stderr.write(`${message}\nnpm run test:matrix -- --help shows the options.\n`);
  process.exit(2);
}

function readOptions() {
  try {
    return parseArgs({
      options: {
        only: { type: 'string', multiple: true, default: [] },
        reduced: { type: 'boolean', default: false },
        here: { type: 'boolean', default: false },
        minutes: { type: 'string', default: '120' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    return refuse(/** @type {Error} */ (error).message);
  }
}

const options = readOptions();
if (options.help) {
  process.stdout.write(usage);
  process.exit(0);
}
const minutes = Number(options.minutes);
if (!(minutes > 0)) refuse(`--minutes is not a number of minutes: ${options.minutes}`);
const unknown = unknownNames(matrixRecipes(), options.only);
if (unknown.length > 0) {
  const names = matrixRecipes().flatMap(({ name, dataPlanes }) =>
    dataPlanes.map((each) => `${name}/${each.name}`),
  );
  refuse(`--only ${unknown.join(', ')} is not in the matrix; it has ${names.join(', ')}`);
}

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stop.abort());
const deadline = AbortSignal.any([AbortSignal.timeout(minutes * 60_000), stop.signal]);

const begun = performance.now();
const say = (/** @type {string} */ line) => process.stderr.write(`matrix: ${line}\n`);
const matrix = await runMatrix({ ...options, deadline, say });
const tookMs = Math.round(performance.now() - begun);
process.stdout.write(
  options.json
    ? `${JSON.stringify({ ...matrix, tookMs })}\n`
    : `${renderCells(matrix.cells)}\n${(tookMs / 60_000).toFixed(1)} minutes\n`,
);
if (stop.signal.aborted) process.stderr.write('matrix: it was interrupted\n');
process.exitCode = matrix.passed && !stop.signal.aborted ? 0 : 1;
process.exit();
