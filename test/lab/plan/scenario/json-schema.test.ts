import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { renderScenarioSchema } from '../../../../src/lab/plan/scenario/json-schema.ts';
import { conditionKeys, labKeys, verbKeys } from '../../../../src/lab/plan/scenario/keys.ts';
import { placeholderNames } from '../../../../src/lab/plan/scenario/placeholders.ts';
import { readPage } from '../../../page.ts';

// After a deliberate change, UPDATE_GOLDEN=1 writes the file.

const folder = new URL('../../../../scenarios/', import.meta.url);
const file = new URL('scenario.schema.json', folder);

if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, renderScenarioSchema());

test('scenarios/scenario.schema.json is current', () => {
  assert.equal(readFileSync(file, 'utf8'), renderScenarioSchema());
});

const validate = new Ajv2020({ strict: false, allErrors: true }).compile(
  JSON.parse(renderScenarioSchema()) as object,
);

describe('the schema', () => {
  for (const name of readdirSync(folder).filter((each) => !each.endsWith('.schema.json'))) {
    test(`accepts scenarios/${name}`, () => {
      assert.ok(
        validate(JSON.parse(readFileSync(new URL(name, folder), 'utf8'))),
        JSON.stringify(validate.errors),
      );
    });
  }

  test('refuses unknown keys, a step without a verb, and one with two', () => {
    const accepts = (step: object): boolean => validate({ Steps: [step] });
    assert.ok(accepts({ Kill: 'node1' }));
    assert.ok(!accepts({ Kil: 'node1' }));
    assert.ok(!accepts({ Title: 'nothing' }));
    assert.ok(!accepts({ Kill: 'node1', Start: 'node1' }));
    assert.ok(!accepts({ Wait: { Reach: 'all', Seconds: 0 } }));
    assert.ok(!validate({ Steps: [] }));
    assert.ok(!validate({ Lab: { Nodes: 0 }, Steps: [{ Kill: 'node1' }] }));
  });
});

test('docs/lab.md names every key and every placeholder', () => {
  const [, section = ''] = readPage('docs/lab.md').split('## Scenarios');
  const names = [...Object.keys({ ...verbKeys, ...conditionKeys, ...labKeys }), ...placeholderNames];
  assert.deepEqual(
    names.filter((name) => !section.includes(`\`${name}\``)),
    [],
  );
});
