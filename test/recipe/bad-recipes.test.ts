import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { renderDiagnostics } from '../../src/diagnostic/code-frame.ts';
import { diagnosticCodes } from '../../src/diagnostic/codes.ts';
import type { Diagnostic } from '../../src/diagnostic/diagnostic.ts';
import { libertyCodes } from '../../src/recipe/flannel/understand-document.ts';
import { parseRecipe } from '../../src/recipe/read/parse-recipe.ts';

// Each recipe in bad/ stands beside the whole of what an author is told about it.
// After a deliberate change, UPDATE_GOLDEN=1 writes these texts anew; read the difference before committing it.

const directory = new URL('bad/', import.meta.url);
const recipes = readdirSync(directory).filter((file) => file.endsWith('.json'));

function refuse(file: string): readonly Diagnostic[] {
  const text = readFileSync(new URL(file, directory), 'utf8');
  const checked = parseRecipe({ name: file, text }, file.replace('.json', ''));
  assert.equal(checked.kind, 'invalid', `${file} was accepted`);
  return checked.diagnostics;
}

describe('a bad recipe is refused with all that is wrong with it:', () => {
  for (const file of recipes) {
    test(file, () => {
      const rendered = `${renderDiagnostics(refuse(file), { colour: false })}\n`;
      const golden = new URL(file.replace('.json', '.txt'), directory);
      if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(golden, rendered);
      assert.equal(rendered, readFileSync(golden, 'utf8'));
    });
  }
});

test('every code of the table is shown by one of the recipes, here or in lint/', () => {
  const goldens = ['bad/', 'lint/'].flatMap((name) => {
    const folder = new URL(name, import.meta.url);
    const texts = readdirSync(folder).filter((file) => file.endsWith('.txt'));
    return texts.map((file) => readFileSync(new URL(file, folder), 'utf8'));
  });
  const shown = new Set(
    goldens.flatMap((text) =>
      [...text.matchAll(/ (?:error|warning)\[([a-z-]+)\]: /g)].map((match) => match[1]),
    ),
  );
  // This one is a warning about documents in a store, which may lack what a recipe must have.
  shown.add('default-backend');
  // So are these: test/recipe/flannel shows them.
  for (const code of libertyCodes) shown.add(code);
  assert.deepEqual([...shown].toSorted(), Object.keys(diagnosticCodes).toSorted());
});
