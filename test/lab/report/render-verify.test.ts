import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PromiseOutcome } from '../../../src/lab/plan/outcome.ts';
import { promises } from '../../../src/lab/verify/promises.ts';
import { renderVerify } from '../../../src/lab/verify/render-verify.ts';
import { reportTry, type PromiseReport, type VerifyReport } from '../../../src/lab/verify/report.ts';

const where = { file: 'mine.json', line: 7 };
const broken = (because: string, add?: string): PromiseOutcome => ({ kind: 'broken', because, where, add });

function row(id: string, switched: PromiseOutcome, routed: PromiseOutcome): PromiseReport {
  const tries = [
    reportTry({ underlay: 'switched', families: 'IPv4' }, switched, 10),
    reportTry({ underlay: 'routed', families: 'IPv4' }, routed, 20),
  ];
  return {
    id,
    promise: `The promise ${id}`,
    kept: tries.every(({ outcome }) => outcome !== 'broken'),
    tries,
  };
}

function render(...rows: readonly PromiseReport[]): string {
  const passed = rows.every(({ kept }) => kept);
  const report: VerifyReport = {
    recipe: 'mine',
    passed,
    families: ['IPv4'],
    underlays: ['switched', 'routed'],
    promises: rows,
    tookMs: 4200,
  };
  return renderVerify(report, { colour: false });
}

test('a promise is kept, kept where it can be, or broken with a reason and the line of the recipe', () => {
  const good: PromiseOutcome = { kind: 'kept', note: '6 pairs' };
  const segment: PromiseOutcome = { kind: 'expected', because: 'the recipe needs all nodes on one segment' };
  assert.equal(
    render(
      row('connects', good, segment),
      row(
        'exact',
        broken('after a peer was removed, the node has the route 10.50.2.0/24'),
        broken('after a peer was removed, the node has the route 10.50.9.0/24'),
      ),
      row(
        'drift',
        good,
        broken('without CheckCommand, heddle cannot see that an entry is gone', 'CheckCommand'),
      ),
    ),
    `✔ connects  The promise connects (6 pairs)
            routed IPv4: the recipe needs all nodes on one segment
✘ exact     The promise exact
            after a peer was removed, the node has the route 10.50.2.0/24
            mine.json:7
✘ drift     The promise drift (6 pairs)
            routed IPv4: without CheckCommand, heddle cannot see that an entry is gone
            mine.json:7: add CheckCommand

✘ mine breaks 2 of 3 promises in 2 labs (switched and routed; IPv4), 4 s
`,
  );
});

test('a recipe that keeps every promise is told in one line at the end', () => {
  const good: PromiseOutcome = { kind: 'kept', note: '1450 bytes' };
  assert.match(render(row('mtu', good, good)), /^✔ mine keeps 1 of 1 promises in 2 labs/m);
});

test('promises have ids of one word, and sentences that begin in the same way', () => {
  assert.equal(new Set(promises.map(({ id }) => id)).size, promises.length);
  for (const { id, sentence } of promises) {
    assert.match(id, /^[a-z]+$/);
    assert.match(sentence, /^[A-Zh].*[^.]$/);
  }
});
