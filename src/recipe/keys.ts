import { z } from 'zod';
import { networkKeys } from '../network/configuration-keys.ts';

/*
 * Every key that a recipe may have, with its type, bounds and meaning. The checks (`readKeys`) and the JSON Schema
 * (`recipeJsonSchema`) both come from here. What `readKeys` cannot express — how values fit each other — is checked by
 * the readers of each part.
 */

export const defaultTimeout = 30;
export const defaultConcurrency = 8;

const pattern = z.string();

/** A string to be run as it is, or lines to be run under `set -e`; not blank. */
const command = z.union([
  z.string().meta({ pattern: '\\S' }),
  z.array(z.string()).meta({ contains: { type: 'string', pattern: '\\S' } }),
]);

function commandKey(description: string) {
  return command.optional().meta({ description });
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
  Type: z.enum(['string', 'integer', 'boolean']).meta({
    description: 'The type of the value.',
    examples: ['integer'],
  }),
  Default: z
    .union([z.string(), z.int(), z.boolean()])
    .optional()
    .meta({ description: 'The value if nothing gives one; without it, one must be given.' }),
  Minimum: z.int().optional().meta({ description: 'The smallest integer allowed.' }),
  Maximum: z.int().optional().meta({ description: 'The largest integer allowed.' }),
  Pattern: pattern
    .optional()
    .meta({ description: 'A regular expression that the whole of a string must match.', format: 'regex' }),
  Choices: z
    .array(z.string())
    .min(1)
    .optional()
    .meta({ description: 'The only strings allowed.', uniqueItems: true }),
  Secret: z
    .boolean()
    .optional()
    .meta({ description: 'Whether the value is kept out of every log and report.', default: false }),
  Description: z.string().optional().meta({ description: 'What the parameter is for, in one sentence.' }),
};

/** The keys of `BackendData`. */
export const backendDataKeys = {
  Format: z
    .enum(['text', 'json'])
    .optional()
    .meta({ description: 'How backend data is published: as text, or as a JSON object.', default: 'text' }),
  Pattern: pattern.optional().meta({
    description: 'For text: a regular expression that the whole of each line must match.',
    format: 'regex',
  }),
  Fields: z
    .record(z.string(), pattern)
    .optional()
    .meta({
      description:
        'For json: the fields that commands use, in order, each with a regular expression that the whole of its ' +
        'value must match; an absent field counts as an empty string.',
    }),
};

/** The keys of `Backend`, other than the values of declared parameters. */
export const backendKeys = {
  Type: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'made of letters, digits, `.`, `_` and `-`')
    .meta({
      description: 'The backend type written on the lease: `extension` for flannel’s own recipes.',
      examples: ['extension'],
    }),
  ...commandKeys,
  Parameters: z.record(z.string(), z.strictObject(parameterKeys)).optional().meta({
    description:
      'What an operator may set, by name: each value comes from a key of that name in Backend, or from --param.',
  }),
  BackendData: z
    .strictObject(backendDataKeys)
    .optional()
    .meta({ description: 'What the backend data of every lease of this type must look like.' }),
  Overhead: z.int().min(0).max(65_535).optional().meta({
    description: 'Bytes of encapsulation: the published MTU is the interface’s less this.',
  }),
  Requires: z
    .array(z.string().regex(/^[A-Za-z0-9_.+/-]+$/, 'the name or the path of a program'))
    .optional()
    .meta({
      description: 'Programs that must be on PATH; found by reading the commands when absent.',
      uniqueItems: true,
    }),
  Timeout: z.int().min(1).max(86_400).optional().meta({
    description: 'Seconds that one run of a command may take.',
    default: defaultTimeout,
  }),
  Concurrency: z.int().min(1).max(256).optional().meta({
    description: 'How many runs of SubnetAddCommand and SubnetRemoveCommand may be under way at once.',
    default: defaultConcurrency,
  }),
};

/** The keys of a recipe. */
export const recipeKeys = {
  $schema: z.string().optional().meta({ description: 'The JSON Schema, for editors.' }),
  ...networkKeys,
  Backend: z.looseObject(backendKeys).meta({
    description: 'How the overlay is made: commands and what they need.',
    examples: [{ Type: 'extension' }],
  }),
};
