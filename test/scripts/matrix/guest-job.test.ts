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
