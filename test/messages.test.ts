import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const source = fileURLToPath(new URL('../src/', import.meta.url));

/** The text of a literal, with a placeholder for each value that is put into it; undefined for other expressions. */
function textOf(node: ts.Node | undefined): string | undefined {
  if (node === undefined) return undefined;
  if (ts.isStringLiteralLike(node)) return node.text;
  if (!ts.isTemplateExpression(node)) return undefined;
  return node.head.text + node.templateSpans.map(({ literal }) => `‹›${literal.text}`).join('');
}

/** The messages and hints of the failures that a file makes. */
function wordsIn(file: string): readonly string[] {
  const words: (string | undefined)[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isNewExpression(node)) {
      const name = node.expression.getText();
      if (name === 'Failure') words.push(textOf(node.arguments?.[1]));
      if (name === 'StoreError') words.push(textOf(node.arguments?.[0]));
    }
    const isNamed = ts.isPropertyAssignment(node) || ts.isVariableDeclaration(node);
    if (isNamed && /^(?:message|hint)$/.test(node.name.getText())) words.push(textOf(node.initializer));
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true));
  return words.filter((text) => text !== undefined);
}

test('failures and their hints begin with a small letter and end without a full stop', () => {
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  const words = files.flatMap((file) => wordsIn(join(source, file)));
  assert.ok(words.length > 150, 'the messages were found');
  assert.deepEqual(
    words.filter((text) => /^[A-Z][a-z]* /.test(text) || text.endsWith('.')),
    [],
  );
});
