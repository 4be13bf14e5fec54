// Pure: what the guest runs, and how its output is read.
import { quote } from 'shell-quote';
import { modprobe } from './guest-init.js';

/** The line between the report of `lab verify` and the output of the tests. */
const testsLine = 'HEDDLE-TESTS';

/**
 * The modules of the devices of labs and tests. Loaded before, because of two nodes that need a module at the same moment, one may be
 * refused while it is being loaded for the other.
 */
const usualModules = ['veth', 'bridge', 'tun'];

/** What the tests multiply their time limits by. */
const slowdown = 4;

/** How the tests of a data plane ended in the guest. @typedef {{ ok: boolean, note: string }} GuestTests */

/**
 * The shell command of a job: `lab verify`, and the tests that need this kernel.
 * @param {object} options
 * @param {string} options.root the checkout
 * @param {readonly string[]} options.words those of `lab verify`; the first is the Node
 * @param {readonly string[] | undefined} options.modules what is loaded as well
 * @param {string | undefined} options.tests a file in test/kernel
 */
export function composeGuestJob({ root, words, modules = [], tests }) {
  const load = [...usualModules, ...modules].map((module) => `${quote([modprobe, module])} && `).join('');
  const verify = `cd ${quote([root])} && ${load}${quote(words)}`;
  if (tests === undefined) return verify;
  const [node = ''] = words;
  const test = [
    'env',
    `TEST_SLOWDOWN=${slowdown}`,
    node,
    '--import',
    'tsx',
    '--test',
    '--test-reporter=tap',
    `test/kernel/${tests}.test.ts`,
  ];
  return `${verify}; echo; echo ${testsLine}; ${quote(test)}`;
}

/**
 * Takes the output of a job apart.
 * @param {string} text @returns {{ stdout: string, tests: GuestTests | undefined }}
 */
export function readGuestJob(text) {
  const [stdout = '', tap] = text.split(`\n${testsLine}\n`);
  return { stdout, tests: tap === undefined ? undefined : judgeTests(tap) };
}

/** A test that is skipped there has not shown anything. @param {string} tap @returns {GuestTests} */
function judgeTests(tap) {
  const count = (/** @type {string} */ name) =>
    Number(new RegExp(`^# ${name} (\\d+)$`, 'm').exec(tap)?.[1] ?? 0);
  const failed = failuresOf(tap);
  if (failed.length > 0) return { ok: false, note: `failed: ${failed.join('; ')}` };
  if (count('skipped') > 0) return { ok: false, note: `${count('skipped')} skipped` };
  return count('pass') > 0 ? { ok: true, note: '' } : { ok: false, note: 'they did not come to their end' };
}

/** Characters of an error that a table has room for. */
const longestError = 300;

/** The failed tests, each with its error and its line in test/kernel: nobody can look into the guest later. @param {string} tap @returns {readonly string[]} */
function failuresOf(tap) {
  return [...tap.matchAll(/^( *)not ok \d+ - (.*)(?:\n\1 {2}---\n([\s\S]*?)\n\1 {2}[.]{3}$)?/gm)]
    .filter(([, , , details = '']) => !details.includes("failureType: 'subtestsFailed'"))
    .map(([, , name = '', details = '']) => {
      const [, error = ''] = /^ *error: (?:[|]-)?([\s\S]*?)\n *(?:code|name|stack): /m.exec(details) ?? [];
      const [, place] =
        /(test\/kernel\/[^\s():]+:\d+):\d+/.exec(details.slice(details.indexOf('stack:'))) ?? [];
      const text = error.replaceAll(/\s+/g, ' ').trim().slice(0, longestError);
      // Of a file whose Node did not come to its end.
      const [, signal] = /^ *signal: '(\w+)'$/m.exec(details) ?? [];
      return [name, text, place, signal && `ended by ${signal}`].filter(Boolean).join(', ');
    });
}
