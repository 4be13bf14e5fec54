import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { readPage, rowsBelow } from './page.ts';

const page = readPage('docs/backends.md');
const recipes = readdirSync(new URL('../recipes', import.meta.url))
  .filter((file) => file.endsWith('.json') && !file.endsWith('.schema.json'))
  .map((file) => file.replace('.json', ''));

/** The parts of a section, in their order. */
const parts = [
  'When to use it.',
  'Parameters.',
  'In the kernel.',
  'Ports to open.',
  'What flannel does differently.',
  'How it was tested.',
];

interface Parameter {
  readonly Default?: string | number | boolean;
}

/** The parameters of a recipe and their defaults, as a cell of the table shows them. */
function parametersOf(recipe: string): readonly (readonly [string, string])[] {
  const text = readFileSync(new URL(`../recipes/${recipe}.json`, import.meta.url), 'utf8');
  const { Backend } = JSON.parse(text) as { Backend: { Parameters?: Record<string, Parameter> } };
  return Object.entries(Backend.Parameters ?? {}).map(([name, { Default }]) => [
    `\`${name}\``,
    String(Default ?? ''),
  ]);
}

test('docs/backends.md lists each included recipe', () => {
  const listed = rowsBelow(page, 'Backends').map(([cell = '']) => /^\[`(.*)`\]\(#\1\)$/.exec(cell)?.[1]);
  assert.deepEqual(listed.toSorted(), recipes.toSorted());
});

for (const recipe of recipes) {
  describe(`the section of docs/backends.md on ${recipe}`, () => {
    const section = page.split(/^(?=## )/m).find((each) => each.startsWith(`## ${recipe}\n`)) ?? '';

    test('has all parts, in order', () => {
      const found = [...section.matchAll(/^\*\*([^*]+)\*\*/gm)].map((match) => match[1] ?? '');
      assert.deepEqual(
        found.filter((part) => parts.includes(part)),
        parts,
      );
    });

    test('has a row for each parameter, with its default', () => {
      const rows = rowsBelow(page, recipe).map(([name, fallback]) => [name, fallback]);
      assert.deepEqual(rows, parametersOf(recipe));
    });

    test('names, for each parameter, a test that sets it', () => {
      for (const [name = '', , , cell = ''] of rowsBelow(page, recipe)) {
        const [file = '', ...title] = cell.split(': ');
        const url = new URL(`kernel/${file}.test.ts`, import.meta.url);
        assert.ok(existsSync(url), `${name}: test/kernel/${file}.test.ts does not exist`);
        const [, body] = readFileSync(url, 'utf8').split(`test('${title.join(': ')}'`);
        assert.ok(body !== undefined, `${name}: ${file} has no test with the name ${title.join(': ')}`);
        const [own = ''] = body.split(/^ {0,2}(?:test|describe)\(/m);
        assert.match(own, new RegExp(`\\b${name.replaceAll('`', '')}\\b`), `${cell} does not set ${name}`);
      }
    });
  });
}
