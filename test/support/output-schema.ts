import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { outputs, schemaFile } from '../../src/cli/schemas/outputs.ts';

/** The folder of the schemas that users have. */
export const schemaFolder = new URL('../../docs/schemas/', import.meta.url);

// Formats are annotations in this draft.
const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true, validateFormats: false });
const validators = new Map<string, ValidateFunction>();

/** Returns the function that checks documents by the file in `docs/schemas/` of a command. */
export function validatorOf(command: string): ValidateFunction {
  const known = validators.get(command);
  if (known !== undefined) return known;
  const output = outputs.find((each) => each.command === command);
  assert.ok(output, `there is no schema for ${command}`);
  const schema = JSON.parse(readFileSync(new URL(schemaFile(output), schemaFolder), 'utf8')) as object;
  const validate = ajv.compile(schema);
  validators.set(command, validate);
  return validate;
}

/**
 * Asserts that the whole of a command's stdout is one line of JSON that its schema accepts. Returns the document.
 *
 * @param command without `--json`, as the list of outputs has it
 */
export function assertOutput(command: string, stdout: string): unknown {
  assert.equal(stdout.trimEnd().split('\n').length, 1, `one line on stdout: ${stdout}`);
  const document: unknown = JSON.parse(stdout);
  const validate = validatorOf(command);
  assert.ok(validate(document), `${JSON.stringify(validate.errors, undefined, 1)}\n${stdout}`);
  return document;
}
