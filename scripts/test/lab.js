import { spawnSync } from 'node:child_process';
import { hasFeature } from '../matrix/features.js';
import { matrixRecipes } from '../matrix/recipes.js';
import { run } from './run.js';

/**
 * A lab of an included recipe, relative to the checkout, and why this machine cannot run it.
 * @typedef {{ recipe: string, problem: string | undefined }} Lab
 */

/** The labs of the included recipes that connect pods. @returns {readonly Lab[]} */
export function planLabs() {
  return matrixRecipes()
    .filter(({ connects }) => connects)
    .map(({ name, dataPlanes }) => ({ recipe: `recipes/${name}.json`, problem: kernelProblem(dataPlanes) }));
}

/** @param {readonly import('../matrix/recipes.js').DataPlane[]} dataPlanes */
function kernelProblem(dataPlanes) {
  const lacks = dataPlanes.map(({ features = [] }) => features.filter((feature) => !hasFeature(feature)));
  return lacks.some((missing) => missing.length === 0)
    ? undefined
    : `needs ${lacks[0]?.join(' and ')} in the kernel`;
}

/** Why no lab can run here, or undefined if one can. */
export function labProblem() {
  const unshare = ['--net', ...(process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'])];
  const { status } = spawnSync('unshare', [...unshare, 'true']);
  return status === 0 ? undefined : 'needs root or user namespaces';
}

/**
 * Runs a lab on a recipe. Returns undefined if all pods reached each other and nothing was left, else what went wrong.
 * @param {string} recipe @param {{ node: string, deadline: AbortSignal }} options
 */
export async function tryLab(recipe, { node, deadline }) {
  const command = [node, 'bin/heddle.js', 'lab', 'run', recipe, '--json'];
  const { ok, stdout, stderr, how } = await run(command, { captured: true, signal: deadline });
  return ok && hasPassed(stdout) ? undefined : `${command.slice(1).join(' ')} ${how}\n${stderr}${stdout}`;
}

/** @param {string} text */
function hasPassed(text) {
  try {
    return JSON.parse(text).passed === true;
  } catch {
    return false;
  }
}
