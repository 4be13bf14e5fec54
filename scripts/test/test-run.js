import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { root } from './root.js';
import { run } from './run.js';

/**
 * Milliseconds that a test file may take (on Node 24: each test). The slowest file takes 45 seconds on two busy cores, and
 * a slow machine may need six times as long. A test that takes longer hangs; it is ended, and named.
 */
const testTimeoutMs = 300_000;

const filesAtOnce = 2;

/**
 * @typedef {object} TestRun
 * @property {boolean} ok
 * @property {Map<string, number>} files each test file that has ended, with its milliseconds
 * @property {{ file: string, name: string, reason: string }[]} skips
 * @property {{ file: string, name: string }[]} failures
 * @property {string[]} unfinished the files and the tests that had begun and did not end
 */

/**
 * Runs test files by node:test. Its own report goes to stdout; CI recognises the closing lines.
 * @param {readonly string[]} files relative to the checkout
 * @param {object} options
 * @param {string} options.node the Node that runs them
 * @param {import('./unprivileged.js').Unprivileged} [options.user] the user who runs them; by default this process's own
 * @param {AbortSignal} options.deadline ends the run
 * @returns {Promise<TestRun>}
 */
export async function runTests(files, { node, user, deadline }) {
  const directory = mkdtempSync(join(tmpdir(), 'heddle-test-run-'));
  try {
    const record = join(directory, 'events');
    const command = [
      ...(user?.wrapper ?? []),
      ...[node, '--import', 'tsx', '--test', `--test-concurrency=${filesAtOnce}`],
      `--test-timeout=${testTimeoutMs}`,
      ...['--test-reporter=spec', '--test-reporter-destination=stdout'],
      ...['--test-reporter=./scripts/test/reporter.js', `--test-reporter-destination=${record}`],
      ...files,
    ];
    const { ok } = await run(command, { env: user?.environment(directory), signal: deadline });
    const events = existsSync(record) ? readFileSync(record, 'utf8') : '';
    return { ok, ...summariseEvents(events) };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/**
 * Sums up the lines of reporter.js.
 * @param {string} events @returns {Omit<TestRun, 'ok'>}
 */
export function summariseEvents(events) {
  /** @type {Omit<TestRun, 'ok'>} */
  const summary = { files: new Map(), skips: [], failures: [], unfinished: [] };
  /** The files, and the tests by the file that defines them, that have begun and not ended. */
  const [files, tests] = [new Set(), /** @type {{ file: string, id: string, label: string }[]} */ ([])];
  for (const line of events.split('\n').filter((line) => line !== '')) {
    const [kind, path, ...more] = JSON.parse(line);
    const file = relative(root, path);
    switch (kind) {
      case 'start':
        files.add(file);
        break;
      case 'file':
        files.delete(file);
        summary.files.set(file, more[0]);
        break;
      case 'begin': {
        const [id, name, depth] = more;
        tests.push({ file, id, label: `${'  '.repeat(depth)}${name}` });
        break;
      }
      case 'end': {
        const at = tests.findIndex((test) => test.file === file && test.id === more[0]);
        if (at !== -1) tests.splice(at, 1);
        break;
      }
      case 'fail':
        summary.failures.push({ file, name: more[0] });
        break;
      case 'skip':
        summary.skips.push({ file, name: more[0], reason: more[1] });
    }
  }
  summary.unfinished.push(...files, ...tests.map(({ file, label }) => `${file}: ${label}`));
  return summary;
}
