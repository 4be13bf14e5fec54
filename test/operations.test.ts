import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import ts from 'typescript';
import { checkNames } from '../src/doctor/checks.ts';
import type { HeddleEvent } from '../src/event/event.ts';
import { levelOf } from '../src/event/level.ts';

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
const page = read('docs/operations.md');

/** The names in the first column of the table below a heading, in order. */
function tableBelow(heading: string): readonly string[] {
  const [, section = ''] = page.split(`## ${heading}\n`);
  const [table = ''] = section.split('\n## ');
  return [...table.matchAll(/^\| `([a-z-]+)` \| \S.* \| \S.* \|$/gm)].map((row) => row[1] ?? '');
}

/** An event of this name, with what decides about its level where that is not the name alone. */
function sample(event: string): HeddleEvent {
  return { event, to: 'running', remains: null, severity: 'warn' } as unknown as HeddleEvent;
}

/** Every text that the types named here, or members of that name, may be. */
function textsOf(file: string, name: string): readonly string[] {
  const texts: string[] = [];
  const visit = (node: ts.Node): void => {
    const isNamed =
      (ts.isTypeAliasDeclaration(node) || ts.isPropertySignature(node)) && node.name.getText() === name;
    if (isNamed && node.type !== undefined) collect(node.type);
    ts.forEachChild(node, visit);
  };
  const collect = (type: ts.Node): void => {
    if (ts.isStringLiteral(type)) texts.push(type.text);
    else ts.forEachChild(type, collect);
  };
  visit(ts.createSourceFile(file, read(file), ts.ScriptTarget.Latest, true));
  return texts;
}

const sameNames = (listed: readonly string[], known: readonly string[]): void => {
  assert.ok(known.length > 3, 'the types were found');
  assert.deepEqual(listed.toSorted(), known.toSorted());
};

test('docs/operations.md tells what each event means and what to do', () => {
  sameNames(tableBelow('Events'), textsOf('src/event/event.ts', 'event'));
});

test('docs/operations.md tells at which level the log shows each event', () => {
  const [, section = ''] = page.split('## Events\n');
  const [tables = ''] = section.split('\n## ');
  const rows = tables.matchAll(/^\| `([a-z-]+)` \| (\w+)[^|]* \|/gm);
  const listed = [...rows].map(([, event, level]) => [event, level]);
  const known = textsOf('src/event/event.ts', 'event').map((event) => [event, levelOf(sample(event))]);
  assert.deepEqual(Object.fromEntries(listed), Object.fromEntries(known));
});

test('docs/operations.md tells what each state of a node means and what to do', () => {
  const states = textsOf('src/event/event.ts', 'NodeState');
  assert.deepEqual(tableBelow('States of a node'), states);
  assert.ok(
    page.includes('`' + states.join(' → ').replace('running → degraded', 'running ⇄ degraded') + '`'),
  );
});

test('docs/operations.md tells what each concern means and what to do', () => {
  const [, section = ''] = page.split('## It says running, but …\n');
  const [table = ''] = section.split('\n### ');
  const rows = [...table.matchAll(/^\| `([a-z-]+)` \| \S.{20,} \| \S.{20,} \|$/gm)];
  sameNames(
    rows.map(([, kind = '']) => kind),
    textsOf('src/event/concern.ts', 'ConcernKind'),
  );
});

test('docs/operations.md tells what each state of a peer means and what to do', () => {
  sameNames(tableBelow('States of a peer'), textsOf('src/daemon/report/peer-status.ts', 'state'));
});

test('docs/operations.md tells what each check of heddle doctor finds and what to do, in the order of its output', () => {
  assert.deepEqual(tableBelow('Check a host'), checkNames);
});
