import { spawn } from 'node:child_process';
import { root } from './root.js';

/**
 * The end of a program.
 * @typedef {object} Ended
 * @property {boolean} ok whether it exited with 0
 * @property {string} stdout its output, if that was captured
 * @property {string} stderr
 * @property {string} how for people: `exited with status 1`
 */

/**
 * Runs a program in the checkout to its end. Its output is this process's own, unless it is captured.
 * @param {readonly string[]} command
 * @param {{ captured?: boolean, env?: NodeJS.ProcessEnv | undefined, signal?: AbortSignal }} [options] the signal ends it by SIGTERM
 * @returns {Promise<Ended>}
 */
export function run(command, { captured = false, env = process.env, signal } = {}) {
  const [program = '', ...args] = command;
  const output = captured ? 'pipe' : 'inherit';
  const child = spawn(program, args, { cwd: root, env, signal, stdio: ['ignore', output, output] });
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text) => (stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text) => (stderr += text));
  return new Promise((resolve) => {
    const end = (/** @type {boolean} */ ok, /** @type {string} */ how) =>
      resolve({ ok, stdout, stderr, how });
    child.once('error', (error) => {
      // An aborted child is still there until it closes.
      if (error.name !== 'AbortError') end(false, `could not be run: ${error.message}`);
    });
    child.once('close', (code, ending) =>
      end(code === 0, code === null ? `was ended by ${ending}` : `exited with status ${code}`),
    );
  });
}
