import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { z } from 'zod';
import { recipeJsonSchema, renderRecipeSchema } from '../../src/recipe/json-schema.ts';
import { backendDataKeys, backendKeys, parameterKeys, recipeKeys } from '../../src/recipe/keys.ts';

const schema = z.fromJSONSchema(recipeJsonSchema());

function accepts(document: unknown): boolean {
  return schema.safeParse(document).success;
}

test('the schema says which draft it is of', () => {
  assert.equal(recipeJsonSchema()['$schema'], 'https://json-schema.org/draft/2020-12/schema');
});

test('every key of every table is described in the schema', () => {
  const text = JSON.stringify(recipeJsonSchema());
  for (const table of [recipeKeys, backendKeys, parameterKeys, backendDataKeys]) {
    for (const [key, schema] of Object.entries<z.core.$ZodType>(table)) {
      const description = z.globalRegistry.get(schema)?.description;
      assert.ok(description, `${key} has no description`);
      assert.ok(text.includes(JSON.stringify(description)), key);
      assert.ok(text.includes(`${JSON.stringify(key)}:`), key);
    }
  }
});

describe('the schema', () => {
  const Backend = { Type: 'extension', SubnetAddCommand: 'read MAC' };
  const Network = '10.50.0.0/16';

  test('accepts recipes', () => {
    assert.ok(accepts({ Network, Backend }));
    assert.ok(accepts({ $schema: 'x', Network, Backend: { ...Backend, PreStartupCommand: ['a', 'b'] } }));
    const Parameters = { VNI: { Type: 'integer', Default: 1 } };
    assert.ok(accepts({ Network, Backend: { ...Backend, VNI: 7, Parameters } }));
  });

  test('refuses unknown keys, wrong types and missing ones', () => {
    assert.ok(!accepts({ Network }));
    assert.ok(!accepts({ Netwrk: Network, Backend }));
    assert.ok(!accepts({ Network, Backend: {} }));
    assert.ok(!accepts({ Network, Backend: { ...Backend, Timeout: '30' } }));
    assert.ok(!accepts({ Network, Backend: { ...Backend, ShutdownCommand: '' } }));
    assert.ok(!accepts({ Network, Backend: { ...Backend, Parameters: { VNI: { Typ: 'integer' } } } }));
  });
});

const recipes = new URL('../../recipes/', import.meta.url);

test('recipes/recipe.schema.json is current: heddle recipe schema >recipes/recipe.schema.json', () => {
  assert.equal(readFileSync(new URL('recipe.schema.json', recipes), 'utf8'), renderRecipeSchema());
});

describe('a validator of JSON Schema', () => {
  // Formats are annotations in this draft.
  const validate = new Ajv2020({ strict: true, allErrors: true, validateFormats: false }).compile(
    recipeJsonSchema(),
  );
  const read = (url: URL): unknown => JSON.parse(readFileSync(url, 'utf8'));

  for (const file of readdirSync(recipes).filter((name) => !name.endsWith('.schema.json'))) {
    test(`accepts recipes/${file}, which names the schema`, () => {
      const document = read(new URL(file, recipes)) as { $schema?: string };
      assert.equal(document.$schema, 'recipe.schema.json');
      assert.ok(validate(document), JSON.stringify(validate.errors));
    });
  }

  const flannel = new URL('../recipes/', import.meta.url);
  for (const file of readdirSync(flannel).filter((name) => name.endsWith('.json'))) {
    test(`accepts flannel’s ${file}`, () =>
      assert.ok(validate(read(new URL(file, flannel))), JSON.stringify(validate.errors)));
  }

  test('says where a recipe is wrong', () => {
    const Backend = { Type: 'x', Timeout: 0, SubnetAddCommand: [1], Parameters: { P: { Type: 'text' } } };
    assert.ok(!validate({ Network: '10.50.0.0/16', Backend, Colour: 1 }));
    const places = new Set(validate.errors?.map(({ instancePath }) => instancePath));
    for (const place of [
      '',
      '/Backend/Timeout',
      '/Backend/SubnetAddCommand/0',
      '/Backend/Parameters/P/Type',
    ]) {
      assert.ok(places.has(place), place);
    }
  });
});
