import * as z from 'zod/mini';
import type { Diagnosis } from '../doctor/run-doctor.ts';
import { described, schemaOf } from './schema-of.ts';

/** The output of `heddle doctor --json`. */
export const doctorSchema = schemaOf<Diagnosis>()(
  z.strictObject({
    fit: described(z.boolean(), 'Whether no finding is an error.'),
    findings: described(
      z.array(
        z.strictObject({
          check: described(z.string(), 'The name of the check, as in the table of docs/operations.md.'),
          level: described(
            z.enum(['ok', 'warning', 'error', 'unknown']),
            'error: heddle up fails, or waits. warning: the network comes up, and some packets may not pass. unknown: the check could not be made.',
          ),
          message: described(z.string(), 'What was found, as a clause.'),
          advice: described(
            z.nullable(z.string()),
            'What to do, as a clause; null if there is nothing to do.',
          ),
          command: described(
            z.nullable(z.string()),
            'A command for a root shell that does it; null if no single command can.',
          ),
        }),
      ),
      'Every check, in the order of the table; one with several findings is there several times.',
    ),
    warnings: described(z.array(z.string()), 'Sentences about the command line.'),
  }),
);
