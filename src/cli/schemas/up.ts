import * as z from 'zod/mini';
import type { PrintedConfiguration } from '../up/print-config.ts';
import { described, schemaOf } from './schema-of.ts';

const option = z.strictObject({
  name: described(z.string(), 'The option, such as `--iface`, or `--param NAME` for a parameter.'),
  value: described(
    z.nullable(z.union([z.string(), z.number(), z.boolean(), z.array(z.string())])),
    'The value in force; `***` for what is or may be a secret; null for none.',
  ),
  from: described(z.enum(['option', 'variable', 'file', 'default']), 'Where the value comes from.'),
  source: described(
    z.nullable(z.string()),
    'The variable, the file, the option that implies this one, or what the default means; null if `from` says all.',
  ),
});

/** The output of `heddle up --print-config --json`. */
export const configurationSchema = schemaOf<PrintedConfiguration>()(
  z.strictObject({
    options: described(z.array(option), 'Every option that counts here.'),
    warnings: described(z.array(z.string()), 'The warnings about the command line, as the log has them.'),
  }),
);
