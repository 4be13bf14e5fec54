import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { clearTimeout, setTimeout } from 'node:timers';
import { root } from '../test/root.js';

/** Milliseconds after SIGTERM until SIGKILL. */
const graceMs = 10_000;

/**
 * The end of a program.
 * @typedef {object} FollowedEnd
 * @property {number | null} exitCode null if a signal ended it
 * @property {string} stdout
 * @property {string} stderr
 */

/**
 * Runs a program in the checkout to its end. It dies with this process.
 * @param {readonly string[]} command
 * @param {{ signal: AbortSignal, onLine: (line: string) => void }} options the signal ends it; onLine gets each line of both streams
 * @returns {Promise<FollowedEnd>}
 */
export function followProgram(command, { signal, onLine }) {
  const child = spawn('setpriv', ['--pdeathsig', 'TERM', '--', ...command], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const texts = { stdout: '', stderr: '' };
  for (const stream of /** @type {const} */ (['stdout', 'stderr'])) {
    createInterface({ input: child[stream] }).on('line', (line) => {
      texts[stream] += `${line}\n`;
      onLine(line);
    });
  }
  /** @type {NodeJS.Timeout | undefined} */
  let hard;
  const end = () => {
    child.kill('SIGTERM');
    hard = setTimeout(() => child.kill('SIGKILL'), graceMs);
  };
  signal.addEventListener('abort', end);
  if (signal.aborted) end();
  return new Promise((resolve) => {
    const done = (/** @type {number | null} */ exitCode) => {
      clearTimeout(hard);
      signal.removeEventListener('abort', end);
      resolve({ exitCode, ...texts });
    };
    child.once('error', (error) => {
      texts.stderr += `${command[0]} could not be run: ${error.message}\n`;
      done(null);
    });
    child.once('close', done);
  });
}
