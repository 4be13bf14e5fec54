import { acceptGoFlags } from './cli/go-flags.ts';
import { createProgram } from './cli/program.ts';
import { reportError } from './cli/report-error.ts';

try {
  await createProgram().parseAsync(acceptGoFlags(process.argv));
} catch (error) {
  process.exitCode = reportError(error);
}
