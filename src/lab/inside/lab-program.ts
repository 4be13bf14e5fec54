import { Failure } from '../../diagnostic/failure.ts';
import { ProgramError, runProgram } from '../../host/run-program.ts';

/**
 * Runs a program that builds or inspects the lab, with `input` on its stdin, and returns its stdout. Throws a
 * {@link Failure} with its stderr if it fails.
 */
export async function runLabProgram(program: string, args: readonly string[], input = ''): Promise<string> {
  try {
    return await runProgram(program, args, { input });
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error;
    const { fault, how, stderr, message } = error;
    if (fault === 'missing') {
      throw new Failure('prerequisite', message, { hint: `install ${program}`, cause: error });
    }
    const command = `${program} ${args.join(' ')}`;
    throw new Failure('prerequisite', `the lab's command ${command} ${how}`, {
      detail: stderr,
      cause: error,
    });
  }
}

/** Runs lines in one `ip -batch`, in the given network namespace, or in the lab's own. */
export async function runIpBatch(namespace: string | undefined, lines: readonly string[]): Promise<void> {
  const where = namespace === undefined ? [] : ['-netns', namespace];
  await runLabProgram('ip', [...where, '-batch', '-'], lines.join('\n') + '\n');
}
