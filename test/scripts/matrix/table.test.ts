import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cellsOf, nothingFailed } from '../../../scripts/matrix/cells.js';
import type { Job } from '../../../scripts/matrix/plan.js';
import { renderCells } from '../../../scripts/matrix/table.js';

function job(changes: Partial<Job> = {}): Job {
  return {
    recipe: { name: 'host-gw', families: ['IPv4', 'dual'], connects: true, oneSegment: true, dataPlanes: [] },
    dataPlane: { name: 'kernel' },
    place: { kind: 'here' },
    scope: { underlays: ['switched', 'routed'], families: ['IPv4', 'dual'], rows: [] },
    ...changes,
  };
}

/** A report of `lab verify --json` with these outcomes: UNDERLAY FAMILIES PROMISE OUTCOME [NOTE]. */
function report(lines: readonly string[]) {
  const tries = lines.map((line) => {
    const [underlay, families, id = '', outcome, ...note] = line.split(' ');
    return { underlay, families, id, outcome, note: note.join(' ') };
  });
  const ids = [...new Set(tries.map(({ id }) => id))];
  return { promises: ids.map((id) => ({ id, tries: tries.filter((each) => each.id === id) })) };
}

test('a lab passes if no promise is broken, and says what is not meant to work there', () => {
  const end = {
    ms: 1,
    report: report([
      'switched IPv4 connects kept',
      'switched IPv4 clean kept',
      'switched dual connects kept',
      'switched dual clean broken a route is left',
      'routed IPv4 connects expected it needs one segment',
      'routed IPv4 clean kept',
    ]),
  };
  const cells = cellsOf(job(), end);
  assert.deepEqual(
    cells.map(({ underlay, families, outcome, note }) => [underlay, families, outcome, note]),
    [
      ['switched', 'IPv4', 'passed', ''],
      ['switched', 'dual', 'failed', 'clean: a route is left'],
      ['routed', 'IPv4', 'expected', 'it needs one segment'],
      ['routed', 'dual', 'failed', 'the report has no such lab'],
    ],
  );
  assert.equal(nothingFailed(cells), false);
  assert.equal(nothingFailed(cells.filter(({ outcome }) => outcome !== 'failed')), true);
});

test('a job without a report fails in each of its cells, and one that was not tried as well', () => {
  const outcomes = (cells: ReturnType<typeof cellsOf>): readonly string[] =>
    cells.map(({ outcome, note }) => `${outcome}: ${note}`);
  assert.deepEqual(
    new Set(outcomes(cellsOf(job(), { ms: 1, problem: 'Kernel panic' }))),
    new Set(['failed: Kernel panic']),
  );
  assert.deepEqual(
    new Set(outcomes(cellsOf(job(), undefined))),
    new Set(['failed: it was not tried: the time was over']),
  );
  const nowhere = cellsOf(job({ place: { kind: 'nowhere', reason: 'needs wg on PATH' } }), undefined);
  assert.deepEqual(new Set(outcomes(nowhere)), new Set(['impossible: needs wg on PATH']));
  assert.equal(nothingFailed(nowhere), true);
});

test('the table has a line for each underlay, and each reason once', () => {
  const passed = { ms: 1, report: report(['switched IPv4 connects kept', 'routed IPv4 connects kept']) };
  const scope = { underlays: ['switched', 'routed'], families: ['IPv4'] } as const;
  const text = renderCells([
    ...cellsOf(job({ scope: { ...scope, rows: [] } }), passed),
    ...cellsOf(
      job({
        dataPlane: { name: 'guest' },
        place: { kind: 'guest' },
        scope: { ...scope, rows: ['connects'] },
      }),
      passed,
    ),
    ...cellsOf(
      job({
        dataPlane: { name: 'none' },
        place: { kind: 'nowhere', reason: 'needs wg on PATH' },
        scope: { ...scope, rows: [] },
      }),
      undefined,
    ),
  ]);
  const lines = text.split('\n').map((line) => line.replaceAll(/\s+/g, ' '));
  assert.ok(lines.includes('│ host-gw │ kernel │ switched │ ✔ │ this kernel │ all 1 │'), text);
  assert.ok(lines.includes('│ host-gw │ guest │ routed │ ✔ │ Debian kernel in qemu │ connects │'), text);
  assert.ok(lines.includes('│ host-gw │ none │ routed │ – │ │ │'), text);
  assert.deepEqual(lines.slice(-2), [
    '– host-gw, none: needs wg on PATH (switched IPv4, routed IPv4)',
    '✔ 4 of 6 passed, 0 failed, 2 cannot be tried on this machine',
  ]);
});
