import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cellsOf } from '../../../scripts/matrix/cells.js';
import { composeGuestJob, readGuestJob } from '../../../scripts/matrix/guest-job.js';

const usual = ['veth', 'bridge', 'tun'].map((module) => `/run/heddle-guest/modprobe ${module} && `).join('');
const words = ['/usr/bin/node', 'bin/heddle.js', 'lab', 'verify', 'ipip'];

test('the guest loads modules, and runs the tests of the data plane after lab verify, in the same boot', () => {
  assert.equal(
    composeGuestJob({ root: '/my checkout', words, modules: undefined, tests: undefined }),
    `cd '/my checkout' && ${usual}/usr/bin/node bin/heddle.js lab verify ipip`,
  );
  assert.equal(
    composeGuestJob({ root: '/checkout', words, modules: ['fou'], tests: 'recipe-ipip' }),
    `cd /checkout && ${usual}/run/heddle-guest/modprobe fou && /usr/bin/node bin/heddle.js lab verify ipip; echo; echo HEDDLE-TESTS; ` +
      'env TEST_SLOWDOWN\\=4 /usr/bin/node --import tsx --test --test-reporter\\=tap test/kernel/recipe-ipip.test.ts',
  );
});

const passed = '    ok 1 - a test\nok 1 - a suite\n# pass 1\n# fail 0\n# skipped 0\n';

test('the output has the report, and how the tests ended', () => {
  const endOf = (tap: string) => readGuestJob(`{"passed":true}\n\nHEDDLE-TESTS\n${tap}`);
  assert.deepEqual(readGuestJob('{"passed":true}\n'), { stdout: '{"passed":true}\n', tests: undefined });
  assert.deepEqual(endOf(passed), { stdout: '{"passed":true}\n', tests: { ok: true, note: '' } });
  assert.deepEqual(endOf(passed.replace('    ok', '    not ok')).tests, {
    ok: false,
    note: 'failed: a test',
  });
  assert.deepEqual(endOf(passed.replace('skipped 0', 'skipped 2')).tests, { ok: false, note: '2 skipped' });
  assert.deepEqual(endOf('TAP version 13\n').tests, { ok: false, note: 'they did not come to their end' });
});

test('a failed test is named with its error and its line, and its suite is not', () => {
  const tap = `    not ok 1 - packets pass
      ---
      duration_ms: 16.5
      location: '/checkout/test/kernel/recipe-gre.test.ts:1:96'
      failureType: 'testCodeFailure'
      error: |-
        Expected values to be strictly equal:

        false !== true
      code: 'ERR_ASSERTION'
      stack: |-
        TestContext.<anonymous> (/checkout/test/kernel/recipe-gre.test.ts:30:16)
        process.processTicksAndRejections (node:internal/process/task_queues:95:5)
      ...
    not ok 2 - nothing is left
      ---
      failureType: 'testCodeFailure'
      error: 'fd00:50:0:3::'
      code: 'ERR_ASSERTION'
      ...
not ok 1 - recipes/gre.json
  ---
  failureType: 'subtestsFailed'
  error: '2 subtests failed'
  code: 'ERR_TEST_FAILURE'
  ...
# pass 0
`;
  assert.deepEqual(readGuestJob(`{}\n\nHEDDLE-TESTS\n${tap}`).tests, {
    ok: false,
    note:
      'failed: packets pass, Expected values to be strictly equal: false !== true, test/kernel/recipe-gre.test.ts:30; ' +
      "nothing is left, 'fd00:50:0:3::'",
  });
});

test('a file whose Node crashed is named with the signal', () => {
  const tap = `not ok 1 - /checkout/test/kernel/recipe-gre.test.ts
  ---
  duration_ms: 12.5
  location: '/checkout/test/kernel/recipe-gre.test.ts:1:1'
  failureType: 'testCodeFailure'
  exitCode: ~
  signal: 'SIGSEGV'
  error: 'test failed'
  code: 'ERR_TEST_FAILURE'
  ...
# pass 0
`;
  assert.deepEqual(readGuestJob(`{}\n\nHEDDLE-TESTS\n${tap}`).tests, {
    ok: false,
    note: "failed: /checkout/test/kernel/recipe-gre.test.ts, 'test failed', ended by SIGSEGV",
  });
});

test('a cell whose tests failed has failed', () => {
  const report = {
    promises: [{ id: 'mtu', tries: [{ underlay: 'routed', families: 'IPv4', outcome: 'kept', note: '' }] }],
  };
  const job = {
    recipe: { name: 'ipip', families: ['IPv4'], connects: true, oneSegment: false, dataPlanes: [] },
    dataPlane: { name: 'kernel', tests: 'recipe-ipip' },
    place: { kind: 'guest' },
    scope: { underlays: ['routed'], families: ['IPv4'], rows: ['mtu'] },
  } as const;
  const outcomes = [
    { ok: true, note: '' },
    { ok: false, note: 'failed: a test' },
  ].flatMap((tests) =>
    cellsOf(job, { ms: 1, report, tests }).map(({ outcome, rows, note }) => [outcome, ...rows, note]),
  );
  assert.deepEqual(outcomes, [
    ['passed', 'mtu', 'tests', ''],
    ['failed', 'mtu', 'tests', 'tests: failed: a test'],
  ]);
});
