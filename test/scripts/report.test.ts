import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findTestFiles, needsRoot, topFolder } from '../../scripts/test/files.js';
import { matrixRecipes } from '../../scripts/matrix/recipes.js';
import { planLabs } from '../../scripts/test/lab.js';
import type { Part } from '../../scripts/test/parts.js';
import { composeReport } from '../../scripts/test/report.js';
import { forbiddenSkips, isStrict } from '../../scripts/test/skips.js';

function part(changes: Partial<Part>): Part {
  return {
    title: 'unit tests',
    ms: 1234,
    ok: true,
    details: [],
    skips: [],
    files: new Map(),
    notes: [],
    ...changes,
  };
}

test('the end of the output has the times, aligned, and the slowest files', () => {
  const files = new Map([
    ['test/time/a.test.ts', 20],
    ['test/store/b.test.ts', 12_345],
  ]);
  const { text, ok } = composeReport(
    [part({ files, details: [{ title: 'test/store', ms: 12_345, depth: 1 }] })],
    {
      strict: true,
    },
  );
  assert.equal(ok, true);
  assert.equal(
    text,
    [
      'Times',
      'unit tests               1.2 s',
      '  test/store            12.3 s',
      'slowest files',
      '  test/store/b.test.ts  12.3 s',
      '  test/time/a.test.ts    0.0 s',
      'all                      1.2 s',
    ].join('\n'),
  );
});

test('a part that fails is named with its tests, and fails the run', () => {
  const { text, ok } = composeReport([part({ ok: false, notes: ['test/a.test.ts: a test'] }), part({})], {
    strict: false,
  });
  assert.equal(ok, false);
  assert.match(text, /^Failed\n {2}unit tests\n {4}test\/a\.test\.ts: a test$/m);
});

test('a skip is listed with its reason, and in CI fails the run unless its reason is allowed', () => {
  const skipped = (reason: string): Part => part({ skips: [{ what: 'test/a.test.ts: a test', reason }] });
  const lenient = composeReport([skipped('needs root')], { strict: false });
  assert.equal(lenient.ok, true);
  assert.match(lenient.text, /^Skipped\n {2}test\/a\.test\.ts: a test: needs root$/m);
  const strict = composeReport([skipped('needs root')], { strict: true });
  assert.equal(strict.ok, false);
  assert.match(strict.text, /^Skipped for a reason that .* does not allow in CI\n {2}test\/a\.test\.ts/m);
  assert.equal(composeReport([skipped('needs /dev/net/tun')], { strict: true }).ok, true);
});

test('CI may lack each feature of a kernel that a lab needs, and all of them at once, but for vxlan', () => {
  const features = matrixRecipes().flatMap(({ dataPlanes }) =>
    dataPlanes.flatMap((dataPlane) => dataPlane.features ?? []),
  );
  assert.ok(features.includes('ip6gre'), 'the matrix must name features');
  const kernels = [() => false, ...features.map((lacking) => (feature: string) => feature !== lacking)];
  for (const has of kernels) {
    const reasons = planLabs((feature) => feature === 'vxlan' || has(feature)).flatMap(
      ({ recipe, problem }) => (problem === undefined ? [] : [{ what: recipe, reason: problem }]),
    );
    assert.deepEqual(forbiddenSkips(reasons, { strict: true }), []);
  }
  const vxlan = planLabs(() => false).find(({ recipe }) => recipe === 'recipes/vxlan.json');
  assert.equal(vxlan?.problem, 'needs vxlan in the kernel');
  assert.equal(forbiddenSkips([{ what: 'a lab', reason: vxlan.problem }], { strict: true }).length, 1);
});

test('a part that did not run at all is called skipped', () => {
  const { text } = composeReport(
    [part({ ms: 0, skips: [{ what: 'Node 24', reason: 'is not installed' }] })],
    {
      strict: false,
    },
  );
  assert.match(text, /^unit tests {2}0\.0 s {2}skipped$/m);
});

test('only CI with root may skip nothing', () => {
  assert.equal(isStrict({ CI: 'true' }, 0), true);
  assert.equal(isStrict({ CI: 'true' }, 1000), false);
  assert.equal(isStrict({}, 0), false);
});

test('the tests that need root are those in test/kernel', () => {
  const files = findTestFiles(new URL('../..', import.meta.url).pathname);
  assert.ok(files.includes('test/scripts/report.test.ts'));
  assert.ok(files.filter(needsRoot).every((file) => topFolder(file) === 'test/kernel'));
  assert.ok(files.some(needsRoot));
  assert.equal(needsRoot('test/store/files.test.ts'), false);
});
