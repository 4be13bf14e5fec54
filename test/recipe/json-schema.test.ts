import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { z } from 'zod';
import { recipeJsonSchema } from '../../src/recipe/json-schema.ts';
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
    for (const [key, schema] of Object.entries<z.ZodType>(table)) {
      const description = schema.meta()?.description;
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
