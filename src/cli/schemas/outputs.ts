import * as z from 'zod/mini';
import type { Json } from '../../recipe/json/json.ts';
import { doctorSchema } from './doctor.ts';
import { downSchema } from './down.ts';
import {
  impairSchema,
  psSchema,
  runSchema,
  scenarioSchema,
  upSchema,
  verifySchema,
  watchSchema,
} from './lab.ts';
import { ifaceSchema } from './iface.ts';
import { traceSchema } from './lab-trace.ts';
import { leasesSchema, releaseSchema, reserveSchema } from './leases.ts';
import { networkSchema } from './network.ts';
import { checkSchema, explainSchema, listSchema } from './recipe.ts';
import { statusSchema, statusWatchSchema } from './status.ts';
import { configurationSchema, planSchema } from './up.ts';

/** The JSON that a command prints. */
interface Output {
  /** The command with the option that selects this output, without `--json`: `lab up --watch`. */
  readonly command: string;
  /** One document, or a document a line for as long as the command runs. */
  readonly form: 'document' | 'lines';
  readonly schema: z.ZodMiniType;
}

/**
 * Every output of a command with `--json`. The files in `docs/schemas/` are made of it. No command loads it.
 */
export const outputs: readonly Output[] = [
  { command: 'up --print-config', form: 'document', schema: configurationSchema },
  { command: 'up --dry-run', form: 'document', schema: planSchema },
  { command: 'status', form: 'document', schema: statusSchema },
  { command: 'status --watch', form: 'lines', schema: statusWatchSchema },
  { command: 'down', form: 'document', schema: downSchema },
  { command: 'leases', form: 'document', schema: leasesSchema },
  { command: 'leases reserve', form: 'document', schema: reserveSchema },
  { command: 'leases release', form: 'document', schema: releaseSchema },
  { command: 'network get', form: 'document', schema: networkSchema },
  { command: 'iface explain', form: 'document', schema: ifaceSchema },
  { command: 'doctor', form: 'document', schema: doctorSchema },
  { command: 'recipe check', form: 'document', schema: checkSchema },
  { command: 'recipe explain', form: 'document', schema: explainSchema },
  { command: 'recipe list', form: 'document', schema: listSchema },
  { command: 'lab run', form: 'document', schema: runSchema },
  { command: 'lab run --scenario', form: 'document', schema: scenarioSchema },
  { command: 'lab verify', form: 'document', schema: verifySchema },
  { command: 'lab up', form: 'document', schema: upSchema },
  { command: 'lab up --watch', form: 'lines', schema: watchSchema },
  { command: 'lab ps', form: 'document', schema: psSchema },
  { command: 'lab impair', form: 'document', schema: impairSchema },
  { command: 'lab trace', form: 'document', schema: traceSchema },
];

/** The name of an output's file in `docs/schemas/`: `lab-up-watch.schema.json`. */
export function schemaFile({ command }: Output): string {
  return `${command.replaceAll(/[ -]+/g, '-')}.schema.json`;
}

/** The JSON Schema of an output (draft 2020-12). */
function outputJsonSchema({ command, form, schema }: Output): Readonly<Record<string, Json>> {
  const { $schema, ...rest } = z.toJSONSchema(schema, {
    target: 'draft-2020-12',
    io: 'output',
    override: ({ jsonSchema }) => {
      // The bound of every whole number in JavaScript; it tells a reader nothing.
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    },
  });
  const printed = `heddle ${command} --json`;
  const described = {
    $schema,
    title: printed,
    description: form === 'lines' ? `A line of the output of ${printed}.` : `The output of ${printed}.`,
    ...rest,
  };
  // Through text: what zod returns carries more than JSON.
  return JSON.parse(JSON.stringify(described)) as Record<string, Json>;
}

/** The text of an output's file in `docs/schemas/`. */
export function renderOutputSchema(output: Output): string {
  return `${JSON.stringify(outputJsonSchema(output), undefined, 2)}\n`;
}
