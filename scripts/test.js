#!/usr/bin/env node
// Runs the checks and the tests.
//   npm test               all that CI runs
//   npm test -- PATTERN    only the test files whose path contains PATTERN
//   npm run test:quick     what needs no root: the checks, the unit tests, a lab on each recipe
import { findTestFiles, needsRoot } from './test/files.js';
import { planLabs } from './test/lab.js';
import { otherNodes } from './test/node-versions.js';
import { runChecks, runLabs, runReducedMatrix, runSoak, runTestPart, runUnderNode } from './test/parts.js';
import { composeReport } from './test/report.js';
import { root } from './test/root.js';
import { isStrict } from './test/skips.js';
import { findUnprivileged } from './test/unprivileged.js';

/**
 * The limit for the whole run: a test that still runs then is ended and fails. It is also the limit for how many tests there may
 * be, so CI does not raise it. A machine with other work may need longer.
 */
const usualMinutes = 75;
const longestMinutes =
  process.env['CI'] === 'true' ? usualMinutes : Number(process.env['TEST_MINUTES'] ?? usualMinutes);
if (!(longestMinutes > 0)) {
  process.stderr.write(`TEST_MINUTES is not a number of minutes: ${process.env['TEST_MINUTES']}\n`);
  process.exit(1);
}

// A supervisor of this run is not that of the daemons under test, which would leave their networks up.
for (const name of ['NOTIFY_SOCKET', 'KUBERNETES_SERVICE_HOST']) delete process.env[name];

const [argument] = process.argv.slice(2);
const quick = argument === '--quick';
const pattern = quick ? undefined : argument;

const files = findTestFiles(root).filter((file) => pattern === undefined || file.includes(pattern));
const unitFiles = files.filter((file) => !needsRoot(file));
const rootFiles = files.filter(needsRoot);
if (files.length === 0) {
  process.stderr.write(`There is no test file whose path contains "${pattern}".\n`);
  process.exit(1);
}

const timeLimit = AbortSignal.timeout(longestMinutes * 60_000);
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stop.abort());
/** Ends the program that runs at that time, so that no test outlives this process. */
const deadline = AbortSignal.any([timeLimit, stop.signal]);
const node = process.execPath;
const user = await findUnprivileged();
const unitTests = () => runTestPart('unit tests', unitFiles, { node, user, deadline });
const rootTests = () => runTestPart('tests as root', rootFiles, { node, deadline });

/** @type {(() => Promise<import('./test/parts.js').Part>)[]} */
const plan =
  pattern !== undefined
    ? [...(unitFiles.length > 0 ? [unitTests] : []), ...(rootFiles.length > 0 ? [rootTests] : [])]
    : [
        () => runChecks(deadline),
        unitTests,
        () => runLabs(planLabs(), deadline),
        ...(quick
          ? []
          : [
              ...otherNodes().map((other) => () => runUnderNode(other, unitFiles, { user, deadline })),
              rootTests,
              () => runSoak(deadline),
              () => runReducedMatrix(deadline),
            ]),
      ];

const parts = [];
for (const run of plan) {
  if (!deadline.aborted) parts.push(await run());
}

const { text, ok } = composeReport(parts, { strict: isStrict() });
process.stdout.write(`\n${text}\n`);
if (timeLimit.aborted)
  process.stdout.write(
    `\nThe tests took more than ${longestMinutes} minutes, and what still ran was ended. ` +
      'On a busy machine, set TEST_MINUTES to a larger number.\n',
  );
process.exitCode = ok && !deadline.aborted ? 0 : 1;
