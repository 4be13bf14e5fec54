import { CommanderError } from 'commander';
import { dropEmptyVariables } from './cli/arguments/empty-variables.ts';
import { acceptGoFlags } from './cli/arguments/go-flags.ts';
import { createProgram } from './cli/program.ts';
import { endProcess, endWithReaders } from './cli/terminal/streams.ts';
import { exitCodes } from './diagnostic/failure.ts';

// grpc-js names a TLS server by its IP address where that is all there is; Node warns of it, and nobody here can help it.
process.noDeprecation = true;
dropEmptyVariables(process.env);
endWithReaders();

/** Reports an error. The code for that is loaded only then. */
async function report(error: unknown): Promise<void> {
  // Commander has printed its message. It ends in this way after a request for help, too.
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : exitCodes.usage;
    return;
  }
  const { reportError } = await import('./cli/terminal/report-error.ts');
  process.exitCode = reportError(error);
}

// A defect outside of any command: its report names lines of the source, too.
process.on('uncaughtException', (error) => void report(error).finally(() => process.exit()));

async function runCommandLine(): Promise<void> {
  try {
    const program = await createProgram(process.argv.slice(2));
    await program.parseAsync(acceptGoFlags(program, process.argv));
  } catch (error) {
    await report(error);
  }
  await endProcess();
}

void runCommandLine();
