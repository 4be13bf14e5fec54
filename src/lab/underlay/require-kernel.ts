import { Failure } from '../../diagnostic/failure.ts';
import { requirePrograms } from '../../host/programs.ts';
import { ProgramError, runProgram } from '../../host/run-program.ts';
import type { KernelNeed } from '../plan/underlay/impair-commands.ts';
import { programPath } from '../process/program-path.ts';

/** Tries the parts of the kernel that a lab needs, in an empty network namespace. Throws a {@link Failure} that names what is missing. */
export async function requireKernel(needs: readonly KernelNeed[]): Promise<void> {
  const path = programPath(process.env['PATH']);
  requirePrograms([...new Set(needs.flatMap(({ programs }) => programs))], path);
  const user = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
  for (const { what, module, because, probe } of needs) {
    try {
      await runProgram('unshare', [...user, '--net', '--', 'sh', '-c', probe], {
        env: { ...process.env, PATH: path, LC_ALL: 'C' },
      });
    } catch (error) {
      if (!(error instanceof ProgramError)) throw error;
      throw new Failure('prerequisite', `the kernel does not have ${what}, which ${because} needs`, {
        hint: `load its module (modprobe ${module}), use another kernel, or leave that out`,
        detail: error.stderr,
        cause: error,
      });
    }
  }
}
