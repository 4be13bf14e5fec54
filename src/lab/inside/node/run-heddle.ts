import { Failure } from '../../../diagnostic/failure.ts';
import { ProgramError, runProgram } from '../../../host/run-program.ts';
import type { LabSpec } from '../../protocol.ts';
import { nodeEnvironment } from './environment.ts';
import { runInHost } from './holder.ts';
import type { LabNode } from './node.ts';

/** Runs heddle in a node. Throws a {@link Failure} with its words. */
export async function runHeddleIn(
  { plan, holder }: LabNode,
  { heddle, store }: LabSpec,
  args: readonly string[],
): Promise<void> {
  const [program, ...rest] = runInHost(holder, [...heddle, ...args]);
  const env = nodeEnvironment(plan.name, process.env, store);
  try {
    await runProgram(program, rest, { env });
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error;
    throw new Failure('lab-failed', `heddle ${args.join(' ')} ${error.how}`, { detail: error.stderr });
  }
}
