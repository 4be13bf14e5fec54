import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { pageLinks } from '../page.ts';
import { runHeddle } from '../kernel/lab-harness.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

describe('heddle docs', () => {
  test('lists every page', async () => {
    const { exitCode, stdout } = await runHeddle(['docs']);
    assert.equal(exitCode, 0);
    const [header, ...rows] = stdout.trimEnd().split('\n');
    assert.match(header ?? '', /^PAGE +ABOUT$/);
    const names = rows.map((row) => row.split(' ')[0] ?? '');
    const files = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
    for (const name of ['readme', 'security', 'changelog', ...files.map((file) => file.slice(0, -3))])
      assert.ok(names.includes(name), name);
  });

  test('prints a page by its name, by its path, and by the path in a link', async () => {
    const text = readFileSync(join(root, 'docs/operations.md'), 'utf8').trimEnd();
    for (const word of ['operations', 'operations.md', 'docs/operations.md', './docs/operations.md']) {
      const { exitCode, stdout } = await runHeddle(['docs', word]);
      assert.equal(exitCode, 0, word);
      assert.equal(stdout.trimEnd(), text, word);
    }
  });

  test('prints each file below docs/ that a page links to', async () => {
    const page = readFileSync(join(root, 'docs/json-output.md'), 'utf8');
    const [link] = pageLinks(page).filter(({ target }) => target.startsWith('schemas/'));
    assert.ok(link);
    const { exitCode, stdout } = await runHeddle(['docs', link.target]);
    assert.equal(exitCode, 0);
    assert.ok('$schema' in (JSON.parse(stdout) as object));
  });

  test('refuses another page, and suggests one', async () => {
    for (const [word, hint] of [
      ['operatons', 'did you mean operations? heddle docs lists the pages'],
      ['package.json', 'heddle docs lists the pages'],
      ['docs/../package.json', 'heddle docs lists the pages'],
    ] as const) {
      const { exitCode, stdout, stderr } = await runHeddle(['docs', word]);
      assert.deepEqual([exitCode, stdout], [2, ''], word);
      assert.equal(stderr, `heddle: heddle does not have a page ${JSON.stringify(word)}\n  ${hint}`);
    }
  });
});
