import { createProgram } from './cli/program.ts';
import { reportError } from './cli/report-error.ts';

try {
  await createProgram().parseAsync(process.argv);
} catch (error) {
  process.exitCode = reportError(error);
}
