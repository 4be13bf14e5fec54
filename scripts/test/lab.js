import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './root.js';
import { run } from './run.js';

/** The shipped recipes, relative to the checkout. */
export function recipeFiles() {
  return readdirSync(join(root, 'recipes'))
    .filter((file) => file.endsWith('.json') && !file.endsWith('.schema.json'))
    .map((file) => `recipes/${file}`);
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
