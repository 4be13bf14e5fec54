import { Buffer } from 'node:buffer';
import { stripVTControlCharacters } from 'node:util';

// Pure: what the guest prints on its console, and how it is read.

/** The beginning of the console's line that has the outcome. */
export const marker = 'HEDDLE-MATRIX ';

/**
 * The outcome of a command in the guest.
 * @typedef {object} GuestOutcome
 * @property {number} exitCode
 * @property {string} stdout
 */

/**
 * Reads the outcome from the text of a console. Returns undefined if the guest ended without one.
 * @param {string} text @returns {GuestOutcome | undefined}
 */
export function readConsole(text) {
  const line = text.split(/\r?\n/).findLast((each) => each.startsWith(marker));
  if (line === undefined) return undefined;
  try {
    const { exitCode, stdout } = JSON.parse(line.slice(marker.length));
    if (typeof exitCode !== 'number' || typeof stdout !== 'string') return undefined;
    return { exitCode, stdout: Buffer.from(stdout, 'base64').toString('utf8') };
  } catch {
    return undefined;
  }
}

/** The last lines of a console, without the marked one and without what a terminal would interpret. @param {string} text @param {number} count */
export function lastLines(text, count) {
  return stripVTControlCharacters(text)
    .replaceAll('\r', '')
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith(marker))
    .slice(-count)
    .join('\n');
}
