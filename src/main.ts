import { dropEmptyVariables } from './cli/empty-variables.ts';
import { acceptGoFlags } from './cli/go-flags.ts';
import { createProgram } from './cli/program.ts';
import { reportError } from './cli/report-error.ts';
import { endWithReaders } from './cli/streams.ts';

// grpc-js names a TLS server by its IP address where that is all there is; Node warns of it, and nobody here can help it.
process.noDeprecation = true;
dropEmptyVariables(process.env);
endWithReaders();

try {
  await createProgram().parseAsync(acceptGoFlags(process.argv));
} catch (error) {
  process.exitCode = reportError(error);
}
