import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasPassed, renderSoakReport, type SoakReport } from './report.ts';
import { compareDescriptors, judgeMemory } from './resources.ts';

const good: SoakReport = {
  seed: 1,
  minutes: 5,
  nodes: 1,
  peers: 300,
  seconds: 310,
  actions: { change: 2 },
  checks: [
    {
      atSeconds: 1,
      tookSeconds: 1,
      passed: true,
      nodes: [{ name: 'node1', wanted: 3, stale: [], missing: [], unrest: undefined }],
    },
  ],
  memory: { secondMb: 100, lastMb: 109, ratio: 1.09 },
  descriptors: { before: 80, after: 80, differences: [] },
  leftovers: [],
  troubles: [],
};
const [check] = good.checks;
assert.ok(check);

const worse: Readonly<Record<string, Partial<SoakReport>>> = {
  check: { checks: [{ ...check, passed: false }] },
  'earlier check': { checks: [{ ...check, passed: false }, check] },
  'lack of any check': { checks: [] },
  memory: { memory: { secondMb: 100, lastMb: 111, ratio: 1.11 } },
  'memory that was not measured': { memory: judgeMemory([]) },
  descriptor: { descriptors: { before: 80, after: 81, differences: ['pipe 13, not 12'] } },
  leftover: { leftovers: ['node1: /run/temporary/heddle-pipes-x'] },
  trouble: { troubles: ['the daemon of node1 ended by itself'] },
};

test('a soak in which everything holds has passed', () => {
  assert.ok(hasPassed(good));
  assert.doesNotMatch(renderSoakReport(good), /✘/);
});

for (const [name, change] of Object.entries(worse)) {
  test(`one bad ${name} fails a soak`, () => {
    const report = { ...good, ...change };
    assert.ok(!hasPassed(report));
    assert.equal(renderSoakReport(report).match(/✘/g)?.length, 1);
  });
}

test('the last quarter of the memory is compared with the second', () => {
  const samples = [50, 50, 100, 102, 100, 100, 130, 200];
  assert.deepEqual(judgeMemory(samples), { secondMb: 102, lastMb: 200, ratio: 200 / 102 });
});

test('descriptors are compared kind by kind', () => {
  const before = new Map([
    ['pipe', 3],
    ['a', 1],
  ]);
  const after = new Map([
    ['pipe', 4],
    ['b', 1],
  ]);
  assert.deepEqual(compareDescriptors(before, after), ['pipe 4, not 3', 'a 0, not 1', 'b 1, not 0']);
});
