import { spawnSync } from 'node:child_process';

/**
 * Runs a program to its end, and returns its stdout. Throws an error with its output if it fails.
 * @param {string} program @param {readonly string[]} args
 * @param {import('node:child_process').SpawnSyncOptions} [options] @returns {string}
 */
export function runHelper(program, args, options = {}) {
  const ended = spawnSync(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...options,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  if (ended.error !== undefined) throw new Error(`${program} cannot run: ${ended.error.message}`);
  if (ended.status === 0) return ended.stdout;
  const how = ended.signal === null ? `status ${ended.status}` : ended.signal;
  throw new Error(`${[program, ...args].join(' ')} ended with ${how}\n${ended.stderr}${ended.stdout}`);
}
