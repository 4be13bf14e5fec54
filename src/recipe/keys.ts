import * as z from 'zod/mini';
import { integerBetween, networkKeys, optionalKey } from '../network/configuration-keys.ts';

/*
 * Every key that a recipe may have, with its type, bounds and meaning. The checks (`readKeys`) and the JSON Schema
 * (`recipeJsonSchema`) both come from here. What `readKeys` cannot express — how values fit each other — is checked by
 * the readers of each part.
 */

export const defaultTimeout = 30;
export const defaultConcurrency = 8;

const pattern = z.string();
/** The name or the path of a program, as `Requires` has it. */
export const programPattern = /^[A-Za-z0-9_.+/-]+$/;
const program = z.string().check(z.regex(programPattern, 'the name or the path of a program'));

/** A string to be run as it is, or lines to be run under `set -e`; not blank. */
const command = z.union([
  z.string().check(z.meta({ pattern: '\\S' })),
  z.array(z.string()).check(z.meta({ contains: { type: 'string', pattern: '\\S' } })),
]);

function commandKey(description: string) {
  return optionalKey(command, { description });
}

/** The commands, by their key in `Backend`. */
export const commandKeys = {
  PreStartupCommand: commandKey(
    'Runs before the lease is taken; its trimmed standard output becomes the lease’s backend data.',
  ),
  PostStartupCommand: commandKey('Runs after the lease is taken.'),
  SubnetAddCommand: commandKey(
    'Runs when a peer’s lease has appeared, or has changed after its remove ran; reads the peer’s backend data.',
  ),
  SubnetRemoveCommand: commandKey('Runs when a peer’s lease has gone; reads the peer’s backend data.'),
  ShutdownCommand: commandKey('Runs when the network is taken down on this node.'),
  SubnetBatchCommand: commandKey(
    'Does many adds and removes in one run; reads one line for each, its columns separated by tabs.',
  ),
  CheckCommand: commandKey(
    'Reads the kernel: prints one SUBNET a line for each peer that is fully in place; fails if the network is broken.',
  ),
  MonitorCommand: commandKey(
    'Runs for as long as the network is up; each line that it prints asks for a check.',
  ),
};

/** The keys of one entry of `Parameters`. */
export const parameterKeys = {
  Type: z.enum(['string', 'integer', 'boolean']).check(
    z.meta({
      description: 'The type of the value.',
      examples: ['integer'],
    }),
  ),
  Default: optionalKey(z.union([z.string(), z.int(), z.boolean()]), {
    description: 'The value if nothing gives one; without it, one must be given.',
  }),
  Minimum: optionalKey(z.int(), { description: 'The smallest integer allowed.' }),
  Maximum: optionalKey(z.int(), { description: 'The largest integer allowed.' }),
  Pattern: optionalKey(pattern, {
    description: 'A regular expression that the whole of a string must match.',
    format: 'regex',
  }),
  Choices: optionalKey(z.array(z.string()).check(z.minLength(1)), {
    description: 'The only strings allowed.',
    uniqueItems: true,
  }),
  Secret: optionalKey(z.boolean(), {
    description: 'Whether the value is kept out of every log and report.',
    default: false,
  }),
  Description: optionalKey(z.string(), { description: 'What the parameter is for, in one sentence.' }),
};

/** The keys of `BackendData`. */
export const backendDataKeys = {
  Format: optionalKey(z.enum(['text', 'json']), {
    description: 'How backend data is published: as text, or as a JSON object.',
    default: 'text',
  }),
  Pattern: optionalKey(pattern, {
    description: 'For text: a regular expression that the whole of each line must match.',
    format: 'regex',
  }),
  Fields: optionalKey(z.record(z.string(), pattern), {
    description:
      'For json: the fields that commands use, in order, each with a regular expression that the whole of its ' +
      'value must match; an absent field counts as an empty string.',
  }),
};

/** The keys of `Backend`, other than the values of declared parameters. */
export const backendKeys = {
  Type: z.string().check(
    z.regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'made of letters, digits, `.`, `_` and `-`'),
    z.meta({
      description: 'The backend type written on the lease: `extension` for flannel’s own recipes.',
      examples: ['extension'],
    }),
  ),
  ...commandKeys,
  Parameters: optionalKey(z.record(z.string(), z.strictObject(parameterKeys)), {
    description:
      'What an operator may set, by name: each value comes from a key of that name in Backend, or from --param.',
  }),
  BackendData: optionalKey(z.strictObject(backendDataKeys), {
    description: 'What the backend data of every lease of this type must look like.',
  }),
  Overhead: optionalKey(integerBetween(0, 65_535), {
    description: 'Bytes of encapsulation: the published MTU is the interface’s less this.',
  }),
  Requires: optionalKey(z.array(program), {
    description: 'Programs that must be on PATH; found by reading the commands when absent.',
    uniqueItems: true,
  }),
  Timeout: optionalKey(integerBetween(1, 86_400), {
    description: 'Seconds that one run of a command may take.',
    default: defaultTimeout,
  }),
  Concurrency: optionalKey(integerBetween(1, 256), {
    description: 'How many runs of SubnetAddCommand and SubnetRemoveCommand may be under way at once.',
    default: defaultConcurrency,
  }),
};

/** The keys of a recipe. */
export const recipeKeys = {
  $schema: optionalKey(z.string(), { description: 'The JSON Schema, for editors.' }),
  ...networkKeys,
  Backend: z.looseObject(backendKeys).check(
    z.meta({
      description: 'How the overlay is made: commands and what they need.',
      examples: [{ Type: 'extension' }],
    }),
  ),
};
