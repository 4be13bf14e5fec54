import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flanneldOptions, type FlanneldOption } from '../src/cli/flanneld/options.ts';
import { readPage, rowsBelow } from './page.ts';

const kinds = { text: 'text', texts: 'text, may be repeated', number: 'number', truth: 'truth value' };

function describe({ meaning }: FlanneldOption): string {
  switch (meaning.kind) {
    case 'same':
      return 'the same';
    case 'of-store':
      return `the same with --kube-subnet-mgr; without it a warning: ${meaning.why}`;
    case 'without-effect':
      return `a warning: no effect, because ${meaning.why}`;
  }
}

test("docs/from-flanneld.md lists flanneld's options with their effect in heddle", () => {
  const rows = flanneldOptions.map((row) => {
    const fallback = row.default === '' ? '' : `\`${row.default}\``;
    return [`\`--${row.name}\``, kinds[row.kind], fallback, describe(row)];
  });
  const page = readPage('docs/from-flanneld.md');
  const table = rows.map((row) => `| ${row.join(' | ')} |`).join('\n');
  assert.deepEqual(rowsBelow(page, 'Options'), rows, table);
});
