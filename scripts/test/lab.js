import { spawnSync } from 'node:child_process';
import { featureProblem, hasFeature } from '../matrix/features.js';
import { matrixRecipes } from '../matrix/recipes.js';
import { run } from './run.js';

/**
 * A lab of an included recipe, relative to the checkout, and why this machine cannot run it.
 * @typedef {{ recipe: string, problem: string | undefined }} Lab
 */

/**
 * The labs of the included recipes that connect pods.
 * @param {(feature: string) => boolean} [has] whether the kernel has a feature
 * @returns {readonly Lab[]}
 */
export function planLabs(has = hasFeature) {
  return matrixRecipes()
    .filter(({ connects }) => connects)
    .map(({ name, dataPlanes }) => ({
      recipe: `recipes/${name}.json`,
      problem: kernelProblem(dataPlanes, has),
    }));
}

/** Why the kernel carries none of the data planes: what the first lacks. @param {readonly import('../matrix/recipes.js').DataPlane[]} dataPlanes @param {(feature: string) => boolean} has */
function kernelProblem(dataPlanes, has) {
  const problems = dataPlanes.map(({ features = [] }) => featureProblem(features, has));
  return problems.includes(undefined) ? undefined : problems[0];
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
