import * as z from 'zod/mini';
import { variablePattern } from './inherited-variables.ts';
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
/** The name of a variable, as `Environment` has it. */
const variable = z.string().check(z.regex(variablePattern, 'the name of a variable'));
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
    'Runs when a peer’s lease appears, and after SubnetRemoveCommand when it changes; reads the peer’s backend data.',
  ),
  SubnetRemoveCommand: commandKey('Runs when a peer’s lease is gone; reads the peer’s backend data.'),
  ShutdownCommand: commandKey('Runs when heddle takes the network down on this node.'),
  SubnetBatchCommand: commandKey(
    'Does many adds and removes in one run; reads one line for each, with columns separated by tabs.',
  ),
  CheckCommand: commandKey(
    'Reads the kernel: prints the SUBNET of each peer that is fully in place, one on each line; fails if the network is broken.',
  ),
  MonitorCommand: commandKey('Runs as long as the network is up; each line that it prints asks for a check.'),
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
    description: 'The default value. Without it, the operator must give a value.',
  }),
  Minimum: optionalKey(z.int(), { description: 'The smallest integer allowed.' }),
  Maximum: optionalKey(z.int(), { description: 'The largest integer allowed.' }),
  Pattern: optionalKey(pattern, {
    description: 'A regular expression that the whole of a string must match.',
    format: 'regex',
  }),
  Choices: optionalKey(z.array(z.string()).check(z.minLength(1)), {
    description: 'The allowed strings.',
    uniqueItems: true,
  }),
  Secret: optionalKey(z.boolean(), {
    description: 'Whether logs and reports hide the value.',
    default: false,
  }),
  Description: optionalKey(z.string(), { description: 'The purpose of the parameter, in one sentence.' }),
};

/** The keys of `BackendData`. */
export const backendDataKeys = {
  Format: optionalKey(z.enum(['text', 'json']), {
    description: 'The format of published backend data: text, or a JSON object.',
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

const overheadBytes = integerBetween(0, 65_535);

/** The keys of an `Overhead` that depends on the family. */
export const overheadKeys = {
  IPv4: overheadBytes.check(z.meta({ description: 'Bytes around an IPv4 packet.', examples: [50] })),
  IPv6: overheadBytes.check(z.meta({ description: 'Bytes around an IPv6 packet.', examples: [70] })),
};

/** Its keys are read by themselves, so that a finding is at the exact place. Only the JSON Schema needs them here. */
const overheadPerFamily = z.looseObject({}).check(
  z.meta({
    properties: {
      IPv4: { type: 'integer', minimum: 0, maximum: 65_535 },
      IPv6: { type: 'integer', minimum: 0, maximum: 65_535 },
    },
    required: ['IPv4', 'IPv6'],
    additionalProperties: false,
  }),
);

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
      'Settings for the operator, by name: each value comes from a key with that name in Backend, or from --param.',
  }),
  BackendData: optionalKey(z.strictObject(backendDataKeys), {
    description: 'The required form of the backend data of every lease of this type.',
  }),
  Overhead: optionalKey(z.union([overheadBytes, overheadPerFamily]), {
    description:
      'Bytes of encapsulation: the published MTU is the interface’s MTU minus this number. If it depends on the ' +
      'family of the packet, an object with one number for each.',
  }),
  Environment: optionalKey(z.array(variable), {
    description:
      'The names of the daemon’s variables that commands get besides the usual ones (PATH, HOME, LANG, …), for example credentials.',
    uniqueItems: true,
  }),
  Requires: optionalKey(z.array(program), {
    description:
      'Programs that must be on PATH; without this key, heddle finds them by reading the commands.',
    uniqueItems: true,
  }),
  Timeout: optionalKey(integerBetween(1, 86_400), {
    description: 'The maximum duration of one run of a command, in seconds.',
    default: defaultTimeout,
  }),
  Concurrency: optionalKey(integerBetween(1, 256), {
    description: 'How many runs of SubnetAddCommand and SubnetRemoveCommand are allowed at once.',
    default: defaultConcurrency,
  }),
};

/** The keys of a recipe. */
export const recipeKeys = {
  $schema: optionalKey(z.string(), { description: 'The JSON Schema, for editors.' }),
  ...networkKeys,
  Backend: z.looseObject(backendKeys).check(
    z.meta({
      description: 'The commands that create the overlay, and their settings.',
      examples: [{ Type: 'extension' }],
    }),
  ),
};
